import type { ProbeGroup } from './probe.ts';
import { accessProbes } from './probes/access.ts';
import { documentProbes } from './probes/documents.ts';
import { edgeProbes } from './probes/edge.ts';
import { firewallProbes } from './probes/firewall.ts';
import { metricsProbes } from './probes/metrics.ts';
import { serviceProbes } from './probes/service.ts';
import { tableProbes } from './probes/table.ts';
import { telemetryProbes } from './probes/telemetry.ts';

/** What makes a deployment a success: that it is steady first, what shuts this machine out last. */
export const allProbes: readonly ProbeGroup[] = [
  serviceProbes,
  ...edgeProbes,
  accessProbes,
  documentProbes,
  ...metricsProbes,
  tableProbes,
  telemetryProbes,
  ...firewallProbes,
];
