import { afterAll, beforeAll } from '@jest/globals';
import { describeDrills, describeSpentBudget } from '../drill/describe-drills.ts';
import { allDrills, shortDrills } from '../drill/drills.ts';
import { localDeploymentRequirements, startLocalDeployment } from '../support/local-deployment.ts';
import { describeWith } from '../support/requirements.ts';
import { describeBrokenDeployments } from './broken.ts';
import { localAccess, type LocalAccess } from './local-access.ts';
import { describeProbes } from './probe.ts';
import { allProbes } from './probes.ts';

const minutesMs = 60_000;

describeWith(localDeploymentRequirements, 'a local deployment', () => {
  let local: LocalAccess;
  let stop: () => Promise<void>;
  beforeAll(async () => {
    const started = await startLocalDeployment();
    local = localAccess({ ...started, endpoint: started.aws, control: started.record.control });
    stop = started.stop;
  }, 20 * minutesMs);
  afterAll(async () => {
    await stop();
  }, minutesMs);

  describeProbes(allProbes, { isLocal: true, hasTls: false }, () => local.deployment);
  describeBrokenDeployments(() => local);
  const isEverything = process.env['DRILLS'] === 'all';
  describeDrills(isEverything ? allDrills : shortDrills, () => local);
  if (isEverything) describeSpentBudget(() => local);
});
