import { setTimeout as pause } from 'node:timers/promises';
import { ask } from '../../../deployed/http.ts';
import { eventually } from '../../../support/eventually.ts';
import type { Drill, Scene, Seen } from '../drill.ts';
import { runningTasks } from '../steady.ts';

const slowForMs = 10_000;
const throttledForMs = 10_000;
const goneForMs = 20_000;
const recoveredWithinMs = 5_000;
const latencyMs = 300;
/** Of calls. Three attempts get through all but an eighth of the requests. */
const throttleRatio = 0.5;
const mayThrottle = 0.25;

/** Makes the database unwell for a while, and resolves when readiness is good again. No task may be replaced for it. */
async function whileDatabase(
  { deployment, faults, state, mark, now }: Scene,
  label: string,
  fault: Parameters<Scene['faults']['database']>[0],
  lastsMs: number,
  meanwhile: () => Promise<Seen['facts']> = () => Promise.resolve({}),
): Promise<Seen> {
  const before = runningTasks(await state());
  await faults.database(fault);
  mark(label);
  const [facts] = await Promise.all([meanwhile(), pause(lastsMs)]);
  await faults.heal();
  const healedAt = now();
  mark('the database is back');
  await eventually(
    async () => {
      const { status } = await ask(deployment, '/readyz');
      if (status !== 200) throw new Error(`readiness is ${status}`);
    },
    { deadlineMs: 60_000, everyMs: 100 },
  );
  const readyAfter = now() - healedAt;
  await pause(Math.max(0, recoveredWithinMs - readyAfter));
  const after = runningTasks(await state());
  if (after.join() !== before.join())
    throw new Error('tasks were replaced: no restart is needed, and none helps');
  return { healedAt, facts: { ...facts, 'ready again after (s)': Number((readyAfter / 1_000).toFixed(1)) } };
}

const requestsIn = (ms: number, share: number, ratePerSecond: number): number =>
  Math.ceil((ms / 1_000) * ratePerSecond * share);

export const slowDatabase: Drill = {
  id: 'database-slow',
  title: 'DynamoDB answers slowly',
  budget: () => Promise.resolve({ failed: 0, recoveredWithinMs }),
  act: (scene) => whileDatabase(scene, `${latencyMs} ms slower`, { latencyMs }, slowForMs),
};

export const throttlingDatabase: Drill = {
  id: 'database-throttles',
  title: 'DynamoDB throttles half of all calls',
  budget: ({ ratePerSecond }) =>
    Promise.resolve({
      failed: requestsIn(throttledForMs, mayThrottle, ratePerSecond),
      // Three attempts, with the pauses between them that the SDK makes when it is throttled.
      failures: { status: 503, withinMs: 3_000 },
      recoveredWithinMs,
    }),
  act: (scene) => whileDatabase(scene, 'half of the calls refused', { throttleRatio }, throttledForMs),
};

export const goneDatabase: Drill = {
  id: 'database-gone',
  title: 'DynamoDB is gone for 20 s',
  budget: ({ ratePerSecond }) =>
    Promise.resolve({
      failed: requestsIn(goneForMs + recoveredWithinMs, 1, ratePerSecond),
      failures: { status: 503, withinMs: 1_000 },
      recoveredWithinMs,
    }),
  act: (scene) =>
    whileDatabase(scene, 'gone', { refuse: true }, goneForMs, async () => {
      const since = scene.now();
      await eventually(
        async () => {
          const { status } = await ask(scene.deployment, '/readyz');
          if (status !== 503) throw new Error(`readiness is ${status} without a database`);
        },
        { deadlineMs: goneForMs - 5_000 },
      );
      const noticed = scene.now() - since;
      const { status: alive } = await ask(scene.deployment, '/healthz');
      if (alive !== 200) throw new Error(`liveness is ${alive}: the balancer would replace every task`);
      return { 'readiness says so after (s)': Number((noticed / 1_000).toFixed(1)) };
    }),
};
