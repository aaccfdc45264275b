import { isLocal } from './deployment.ts';
import { openNamedDeployment } from './open-deployment.ts';
import { describeProbes } from './probe.ts';
import { allProbes } from './probes.ts';

// Run by tools/release/verify.ts, which says what to probe. It is no `*.test.ts`: without that there is nothing to test.
const deployment = await openNamedDeployment(process.env);

describeProbes(
  allProbes,
  { isLocal: isLocal(deployment), hasTls: deployment.url.startsWith('https:') },
  () => deployment,
);
