import { checkRunningDigest, checkSteadyState } from '../../../deployed/probes/service.ts';
import type { Deployment } from '../../../deployed/deployment.ts';
import type { Drill } from '../drill.ts';
import { release, releaseWith } from '../releases.ts';
import { becomesSteady } from '../steady.ts';

/** Slow start-ups of a new version are no slowness of the service; a rolling deployment must not be felt at all. */
const unnoticed = () => Promise.resolve({ failed: 0, recoveredWithinMs: 120_000 });

const withIntended = (deployment: Deployment, taskDefinitionArn: string): Deployment => ({
  ...deployment,
  outputs: { ...deployment.outputs, taskDefinitionArn },
});

export const rollingDeployment: Drill = {
  id: 'rolling-deployment',
  title: 'A rolling deployment',
  budget: unnoticed,
  act: async ({ deployment, state, mark, now }) => {
    const { taskDefinition: former } = await state();
    const since = now();
    const next = await releaseWith(deployment, { LOG_LEVEL: 'info' });
    mark('a new version is asked for');
    await becomesSteady(state, ({ taskDefinition }) => taskDefinition === next);
    const took = now() - since;
    await checkSteadyState(withIntended(deployment, next));
    mark('it runs; back to the former one');
    await release(deployment, former);
    await becomesSteady(state, ({ taskDefinition }) => taskDefinition === former);
    return { facts: { 'rolled out in (s)': Number((took / 1_000).toFixed(1)) } };
  },
};

export const brokenDeployment: Drill = {
  id: 'broken-deployment',
  title: 'A broken version is deployed, and rolled back',
  budget: unnoticed,
  act: async ({ deployment, state, mark, now }) => {
    const { taskDefinition: good } = await state();
    const since = now();
    // The service refuses to start without its table's name.
    const broken = await releaseWith(deployment, { TABLE_NAME: '' });
    mark('a broken version is asked for');
    await becomesSteady(
      state,
      ({ taskDefinition, deployments }) =>
        taskDefinition === good &&
        deployments.some((one) => one.taskDefinition === broken && one.rolloutState === 'FAILED'),
    );
    const took = now() - since;
    const verdict = await checkSteadyState(withIntended(deployment, broken)).then(
      () => 'success',
      (error: unknown) => String(error instanceof Error ? error.message : error),
    );
    if (!/roll/i.test(verdict)) throw new Error(`a rolled-back deployment passes for a ${verdict}`);
    await checkRunningDigest(deployment);
    return { facts: { 'rolled back in (s)': Number((took / 1_000).toFixed(1)), 'the probe says': verdict } };
  },
};
