import type { ProbeGroup } from './probe.ts';
import { accessProbes } from './probes/access.ts';
import { documentProbes, serviceProbes } from './probes/service.ts';
import { edgeProbes, firewallProbes } from './probes/edge.ts';
import { metricsProbes, telemetryProbes } from './probes/telemetry.ts';
import { tableProbes } from './probes/table.ts';

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
