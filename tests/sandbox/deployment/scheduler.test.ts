import { describe, expect, test } from '@jest/globals';
import * as rollout from '../../../tools/sandbox/deployment/scheduler.ts';
import type { Deployment } from '../../../tools/sandbox/deployment/scheduler.ts';
import { decide, type ScheduledTask, type Situation } from '../../../tools/sandbox/deployment/scheduler.ts';

const zones = ['a', 'b', 'c'];
const now = 1_000_000;

const deployment = (changes: Partial<Deployment> = {}): Deployment => ({
  id: 'first',
  taskDefinition: 'movies:1',
  rolloutState: 'COMPLETED',
  reason: '',
  failedTasks: 0,
  createdAt: 0,
  updatedAt: 0,
  ...changes,
});
const second = (changes: Partial<Deployment> = {}): Deployment =>
  deployment({ id: 'second', taskDefinition: 'movies:2', rolloutState: 'IN_PROGRESS', ...changes });

const task = (id: string, changes: Partial<ScheduledTask> = {}): ScheduledTask => ({
  id,
  deployment: 'first',
  zone: 'a',
  health: 'healthy',
  startedAt: 0,
  ...changes,
});

const situation = (
  changes: Partial<Situation> = {},
  service: Partial<Situation['service']> = {},
): Situation => ({
  service: {
    taskDefinition: 'movies:1',
    desiredCount: 2,
    minimumHealthyPercent: 100,
    maximumPercent: 200,
    circuitBreaker: { enable: true, rollback: true },
    ...service,
  },
  zones,
  lostZones: [],
  deployments: [deployment()],
  tasks: [task('1'), task('2', { zone: 'b' })],
  lastFailureAt: 0,
  now,
  ...changes,
});

describe('keeping the desired count', () => {
  test('a steady service is left alone', () => {
    expect(decide(situation())).toEqual([]);
  });

  test('a service that has never run is deployed first', () => {
    expect(decide(situation({ deployments: [], tasks: [] }))).toEqual([
      { kind: 'deploy', taskDefinition: 'movies:1' },
    ]);
  });

  test('missing tasks are started in the emptiest zones', () => {
    expect(decide(situation({ tasks: [task('1')] }, { desiredCount: 3 }))).toEqual([
      { kind: 'launch', deployment: 'first', zone: 'b' },
      { kind: 'launch', deployment: 'first', zone: 'c' },
    ]);
  });

  test('a lost zone gets no task', () => {
    const decided = decide(situation({ tasks: [task('1')], lostZones: ['b'] }, { desiredCount: 3 }));

    expect(decided).toEqual([
      { kind: 'launch', deployment: 'first', zone: 'c' },
      { kind: 'launch', deployment: 'first', zone: 'a' },
    ]);
  });

  test('with all zones lost nothing is started', () => {
    expect(decide(situation({ tasks: [], lostZones: zones }))).toEqual([]);
  });

  test('a lower count stops the newest task of the fullest zone', () => {
    const tasks = [task('1'), task('2', { startedAt: 5 }), task('3', { zone: 'b', startedAt: 9 })];

    expect(decide(situation({ tasks }))).toEqual([expect.objectContaining({ kind: 'stop', task: '2' })]);
  });

  test('a count of nothing stops everything', () => {
    expect(decide(situation({}, { desiredCount: 0 })).map((action) => action.kind)).toEqual(['stop', 'stop']);
  });
});

describe('replacing', () => {
  test('an unhealthy task stays until its replacement is healthy', () => {
    const tasks = [task('1'), task('2', { zone: 'b', health: 'unhealthy' })];

    expect(decide(situation({ tasks }))).toEqual([{ kind: 'launch', deployment: 'first', zone: 'b' }]);
  });

  test('an unhealthy task whose replacement starts is waited with', () => {
    const tasks = [
      task('1'),
      task('2', { health: 'unhealthy' }),
      task('3', { zone: 'b', health: 'starting' }),
    ];

    expect(decide(situation({ tasks }))).toEqual([]);
  });

  test('an unhealthy task goes once its replacement is healthy', () => {
    const tasks = [task('1'), task('2', { health: 'unhealthy' }), task('3', { zone: 'b' })];

    expect(decide(situation({ tasks }))).toEqual([expect.objectContaining({ kind: 'stop', task: '2' })]);
  });

  test('where the maximum leaves no room, an unhealthy task goes first', () => {
    const tasks = [task('1'), task('2', { health: 'unhealthy' })];

    expect(decide(situation({ tasks }, { maximumPercent: 100 }))).toEqual([
      expect.objectContaining({ kind: 'stop', task: '2' }),
    ]);
  });

  test('a single failure delays nothing, the fifth in a row 8 s', () => {
    const after = (failedTasks: number, ms: number) =>
      decide(
        situation({
          tasks: [task('1')],
          deployments: [deployment({ failedTasks })],
          lastFailureAt: now - ms,
        }),
      ).length;

    expect([after(1, 0), after(5, 7_999), after(5, 8_000)]).toEqual([1, 0, 1]);
  });
});

describe('rolling deployments', () => {
  const deploying = (tasks: readonly ScheduledTask[], service: Partial<Situation['service']> = {}) =>
    decide(
      situation({ deployments: [second(), deployment()], tasks }, { taskDefinition: 'movies:2', ...service }),
    );
  const old = [task('1'), task('2', { zone: 'b' })];
  const fresh = (id: string, changes: Partial<ScheduledTask> = {}) =>
    task(id, { deployment: 'second', ...changes });

  test('a changed task definition begins a deployment', () => {
    expect(decide(situation({}, { taskDefinition: 'movies:2' }))).toEqual([
      { kind: 'deploy', taskDefinition: 'movies:2' },
    ]);
  });

  test('with a maximum of 200 % all new tasks start beside the old ones', () => {
    expect(deploying(old)).toEqual([
      { kind: 'launch', deployment: 'second', zone: 'a' },
      { kind: 'launch', deployment: 'second', zone: 'b' },
    ]);
  });

  test('with a maximum of 150 % one new task starts', () => {
    expect(deploying(old, { maximumPercent: 150 })).toHaveLength(1);
  });

  test('no old task goes before a new one is healthy', () => {
    expect(
      deploying([...old, fresh('3', { health: 'starting' }), fresh('4', { health: 'starting' })]),
    ).toEqual([]);
  });

  test('for each healthy new task one old one goes', () => {
    expect(deploying([...old, fresh('3'), fresh('4', { health: 'starting' })])).toEqual([
      expect.objectContaining({ kind: 'stop', task: '1' }),
    ]);
  });

  test('old tasks that never served go at once', () => {
    expect(
      deploying([...old, task('3', { health: 'starting' }), fresh('4', { health: 'starting' })]),
    ).toEqual([expect.objectContaining({ kind: 'stop', task: '3' })]);
  });

  test('it is complete when the new tasks are healthy and alone', () => {
    expect(deploying([fresh('3'), fresh('4')])).toEqual([{ kind: 'complete', deployment: 'second' }]);
  });
});

describe('the circuit breaker', () => {
  const failing = (
    failedTasks: number,
    service: Partial<Situation['service']> = {},
    deployments = [second({ failedTasks }), deployment()],
  ) =>
    decide(
      situation({ deployments, tasks: [task('1'), task('2')] }, { taskDefinition: 'movies:2', ...service }),
    );
  const kinds = (actions: ReturnType<typeof decide>) => actions.map(({ kind }) => kind);

  test.each([
    { desiredCount: 2, threshold: 3 },
    { desiredCount: 7, threshold: 4 },
    { desiredCount: 25, threshold: 13 },
    { desiredCount: 1000, threshold: 200 },
  ])('of $desiredCount tasks, $threshold failures end a deployment', ({ desiredCount, threshold }) => {
    expect(kinds(failing(threshold - 1, { desiredCount }))).not.toContain('fail');
    expect(failing(threshold, { desiredCount })).toEqual([
      { kind: 'fail', deployment: 'second', rollBackTo: 'movies:1' },
    ]);
  });

  test('switched off, it lets tasks fail for ever', () => {
    expect(kinds(failing(50, { circuitBreaker: { enable: false, rollback: false } }))).not.toContain('fail');
  });

  test('without rollback it only gives up', () => {
    expect(failing(3, { circuitBreaker: { enable: true, rollback: false } })).toEqual([
      { kind: 'fail', deployment: 'second', rollBackTo: undefined },
    ]);
  });

  test('the first deployment of all has nothing to go back to', () => {
    expect(failing(3, {}, [second({ failedTasks: 3 })])).toEqual([
      { kind: 'fail', deployment: 'second', rollBackTo: undefined },
    ]);
  });

  test('a deployment that failed starts nothing more', () => {
    const deployments = [second({ rolloutState: 'FAILED' }), deployment()];

    expect(kinds(failing(3, {}, deployments))).not.toContain('launch');
  });

  test('going back is a deployment like any other', () => {
    const deployments = [second({ rolloutState: 'FAILED' }), deployment()];

    expect(failing(3, { taskDefinition: 'movies:1' }, deployments)).toEqual([
      { kind: 'deploy', taskDefinition: 'movies:1' },
    ]);
  });

  test('tasks that fail after a deployment is complete are replaced, not rolled back', () => {
    const deployments = [deployment({ failedTasks: 9 })];

    expect(kinds(decide(situation({ deployments, tasks: [task('1')] })))).toEqual(['launch']);
  });
});

describe('the state of a rollout', () => {
  const first = rollout.complete(
    rollout.begin([], { id: 'first', taskDefinition: 'movies:1', at: 1 }),
    'first',
    2,
  );
  const next = rollout.begin(first, { id: 'second', taskDefinition: 'movies:2', at: 3 });

  test('failures are counted until a task is healthy', () => {
    const failed = rollout.countFailure(rollout.countFailure(next, 'second', 4), 'second', 5);

    expect(failed[0]).toMatchObject({ id: 'second', failedTasks: 2, updatedAt: 5 });
    expect(rollout.forgetFailures(failed, 'second', 6)[0]?.failedTasks).toBe(0);
  });

  test('a failed deployment goes back to the last one that came out whole', () => {
    const failed = rollout.fail(next, 'second', 4);

    expect(failed[0]).toMatchObject({
      rolloutState: 'FAILED',
      reason: 'ECS deployment circuit breaker: tasks failed to start.',
    });
    expect(rollout.lastCompleted(failed)?.taskDefinition).toBe('movies:1');
  });

  test('the deployment after a failed one says what it rolls back', () => {
    const back = rollout.begin(rollout.fail(next, 'second', 4), {
      id: 'third',
      taskDefinition: 'movies:1',
      at: 5,
    });

    expect(back[0]).toMatchObject({ id: 'third', rolloutState: 'IN_PROGRESS', rollsBack: 'second' });
  });
});
