import type { Budget, Drill, Scene } from '../drill.ts';
import { healthWindowMs } from '../health-window.ts';
import { scaleTo } from '../releases.ts';
import { becomesSteady, runningTasks } from '../steady.ts';

const graceMs = 10_000;

/** Not one beyond those in flight: the balancer repeats them elsewhere. */
const lostTaskBudget = async ({ deployment }: Scene): Promise<Budget> => ({
  failed: 0,
  recoveredWithinMs: (await healthWindowMs(deployment)) + graceMs,
});

const replacedAfter = (now: () => number, since: number) => ({
  'replaced after (s)': Number(((now() - since) / 1_000).toFixed(1)),
});

export const killedTask: Drill = {
  id: 'task-killed',
  title: 'A task is killed',
  budget: lostTaskBudget,
  act: async ({ faults, state, mark, now }) => {
    const since = now();
    const lost = await faults.killTask();
    mark('killed');
    await becomesSteady(state, (current) => !runningTasks(current).includes(lost));
    return { facts: replacedAfter(now, since) };
  },
};

export const hungTask: Drill = {
  id: 'task-hangs',
  title: 'A task hangs: alive, but not answering',
  budget: lostTaskBudget,
  act: async ({ faults, state, mark, now }) => {
    const since = now();
    const lost = await faults.freezeTask();
    mark('frozen');
    await becomesSteady(state, (current) => !runningTasks(current).includes(lost));
    return { facts: replacedAfter(now, since) };
  },
};

/** Four tasks, so that the fullest zone has more than one to lose. */
const tasksInZones = 4;

export const lostZone: Drill = {
  id: 'zone-lost',
  title: 'A zone is lost, with all its tasks at once',
  budget: lostTaskBudget,
  prepare: async ({ deployment, state }) => {
    const { desiredCount } = await state();
    await scaleTo(deployment, tasksInZones);
    await becomesSteady(state, (current) => current.desiredCount === tasksInZones);
    return async () => {
      await scaleTo(deployment, desiredCount);
      await becomesSteady(state, (current) => current.desiredCount === desiredCount);
    };
  },
  act: async ({ faults, state, mark, now }) => {
    const before = await state();
    const since = now();
    const zone = await faults.loseZone();
    mark(`${zone} lost`);
    const inZone = before.tasks.filter((task) => task.status === 'RUNNING' && task.zone === zone);
    const lost = inZone.map(({ id }) => id);
    const after = await becomesSteady(
      state,
      (current) => !runningTasks(current).some((id) => lost.includes(id)),
    );
    const zones = new Set(after.tasks.filter(({ status }) => status === 'RUNNING').map((task) => task.zone));
    const facts = { 'tasks lost': lost.length, 'zones left': zones.size, ...replacedAfter(now, since) };
    return { facts };
  },
};
