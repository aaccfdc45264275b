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

type Decided = ReturnType<typeof decide>;
const launch = (deployment: string, ...zones: readonly string[]) =>
  zones.map((zone) => ({ kind: 'launch', deployment, zone }));
const stop = (task: string) => expect.objectContaining({ kind: 'stop', task }) as unknown;
const deploy = (taskDefinition: string) => ({ kind: 'deploy', taskDefinition });
const ill = { health: 'unhealthy' } as const;
const early = { health: 'starting' } as const;
const inB = { zone: 'b' };

describe('keeping the desired count, and replacing', () => {
  const [one, three] = [[task('1')], { desiredCount: 3 }];

  test.each<[string, Decided, readonly unknown[]]>([
    ['a steady service is left alone', decide(situation()), []],
    [
      'a service that has never run is deployed first',
      decide(situation({ deployments: [], tasks: [] })),
      [deploy('movies:1')],
    ],
    [
      'missing tasks are started in the emptiest zones',
      decide(situation({ tasks: one }, three)),
      launch('first', 'b', 'c'),
    ],
    [
      'a lost zone gets no task',
      decide(situation({ tasks: one, lostZones: ['b'] }, three)),
      launch('first', 'c', 'a'),
    ],
    ['with all zones lost nothing is started', decide(situation({ tasks: [], lostZones: zones })), []],
    [
      'a lower count stops the newest task of the fullest zone',
      decide(
        situation({ tasks: [...one, task('2', { startedAt: 5 }), task('3', { ...inB, startedAt: 9 })] }),
      ),
      [stop('2')],
    ],
    [
      'a count of nothing stops everything',
      decide(situation({}, { desiredCount: 0 })),
      [expect.objectContaining({ kind: 'stop' }), expect.objectContaining({ kind: 'stop' })],
    ],
    [
      'an unhealthy task stays until its replacement is healthy',
      decide(situation({ tasks: [...one, task('2', { ...inB, ...ill })] })),
      launch('first', 'b'),
    ],
    [
      'an unhealthy task whose replacement starts is waited with',
      decide(situation({ tasks: [...one, task('2', ill), task('3', { ...inB, ...early })] })),
      [],
    ],
    [
      'an unhealthy task goes once its replacement is healthy',
      decide(situation({ tasks: [...one, task('2', ill), task('3', inB)] })),
      [stop('2')],
    ],
    [
      'where the maximum leaves no room, an unhealthy task goes first',
      decide(situation({ tasks: [...one, task('2', ill)] }, { maximumPercent: 100 })),
      [stop('2')],
    ],
  ])('%s', (_what, decided, meant) => {
    expect(decided).toEqual(meant);
  });

  test('a single failure delays nothing, the fifth in a row 8 s', () => {
    const after = (failedTasks: number, ms: number) =>
      decide(situation({ tasks: one, deployments: [deployment({ failedTasks })], lastFailureAt: now - ms }))
        .length;

    expect([after(1, 0), after(5, 7_999), after(5, 8_000)]).toEqual([1, 0, 1]);
  });
});

describe('rolling deployments', () => {
  const deploying = (tasks: readonly ScheduledTask[], service: Partial<Situation['service']> = {}) =>
    decide(
      situation({ deployments: [second(), deployment()], tasks }, { taskDefinition: 'movies:2', ...service }),
    );
  const old = [task('1'), task('2', inB)];
  const fresh = (id: string, changes: Partial<ScheduledTask> = {}) =>
    task(id, { deployment: 'second', ...changes });

  test.each<[string, Decided, readonly unknown[]]>([
    [
      'a changed task definition begins a deployment',
      decide(situation({}, { taskDefinition: 'movies:2' })),
      [deploy('movies:2')],
    ],
    [
      'with a maximum of 200 % all new tasks start beside the old ones',
      deploying(old),
      launch('second', 'a', 'b'),
    ],
    [
      'with a maximum of 150 % one new task starts',
      deploying(old, { maximumPercent: 150 }),
      [expect.objectContaining({ kind: 'launch' })],
    ],
    [
      'no old task goes before a new one is healthy',
      deploying([...old, fresh('3', early), fresh('4', early)]),
      [],
    ],
    [
      'for each healthy new task one old one goes',
      deploying([...old, fresh('3'), fresh('4', early)]),
      [stop('1')],
    ],
    [
      'old tasks that never served go at once',
      deploying([...old, task('3', early), fresh('4', early)]),
      [stop('3')],
    ],
    [
      'it is complete when the new tasks are healthy and alone',
      deploying([fresh('3'), fresh('4')]),
      [{ kind: 'complete', deployment: 'second' }],
    ],
  ])('%s', (_what, decided, meant) => {
    expect(decided).toEqual(meant);
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
  const kinds = (actions: Decided) => actions.map(({ kind }) => kind);
  const fails = (rollBackTo?: string) => [{ kind: 'fail', deployment: 'second', rollBackTo }];
  const failed = [second({ rolloutState: 'FAILED' }), deployment()];

  test.each([
    [2, 3],
    [7, 4],
    [25, 13],
    [1000, 200],
  ])('of %i tasks, %i failures end a deployment', (desiredCount, threshold) => {
    expect(kinds(failing(threshold - 1, { desiredCount }))).not.toContain('fail');
    expect(failing(threshold, { desiredCount })).toEqual(fails('movies:1'));
  });

  test('switched off, it lets tasks fail for ever; without rollback it only gives up', () => {
    expect(kinds(failing(50, { circuitBreaker: { enable: false, rollback: false } }))).not.toContain('fail');
    expect(failing(3, { circuitBreaker: { enable: true, rollback: false } })).toEqual(fails());
  });

  test('the first deployment of all has nothing to go back to', () => {
    expect(failing(3, {}, [second({ failedTasks: 3 })])).toEqual(fails());
  });

  test('a deployment that failed starts nothing more, and going back is a deployment like any other', () => {
    expect(kinds(failing(3, {}, failed))).not.toContain('launch');
    expect(failing(3, { taskDefinition: 'movies:1' }, failed)).toEqual([deploy('movies:1')]);
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
