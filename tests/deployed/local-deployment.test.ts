import { afterAll, beforeAll, describe } from '@jest/globals';
import { describeDrills, describeSpentBudget } from '../sandbox/drill/describe-drills.ts';
import { longDrills, shortDrills } from '../sandbox/drill/drills.ts';
import {
  type LocalDeployment,
  localDeploymentRequirements,
  startLocalDeployment,
} from '../support/local-deployment.ts';
import { describeInTestAll, describeWith } from '../support/requirements.ts';
import { describeBrokenDeployments } from './broken.ts';
import { localAccess } from './open-deployment.ts';
import { describeProbes } from './probe.ts';
import { allProbes } from './probes.ts';
import { describeServing } from './serving.ts';

const minutesMs = 60_000;

// One file, because a second one would only wait for the deployment, and take a worker from the tests that could run.
describeWith(localDeploymentRequirements, 'a local deployment', () => {
  let local: LocalDeployment;
  beforeAll(async () => {
    local = await startLocalDeployment();
  }, 20 * minutesMs);
  afterAll(async () => {
    await local.stop();
  }, minutesMs);
  const access = () => localAccess({ ...local, endpoint: local.aws, control: local.record.control });

  describeProbes(allProbes, { isLocal: true, hasTls: false }, () => access().deployment);
  describe('serves', () => {
    describeServing(() => local);
  });
  describeBrokenDeployments(access);
  describeDrills(shortDrills, access);
  describeInTestAll([], 'the other drills', () => {
    describeDrills(longDrills, access);
    describeSpentBudget(access);
  });
});
