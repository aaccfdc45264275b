import { expect, test } from '@jest/globals';
import * as rollout from '../../../tools/sandbox/deployment/scheduler.ts';

const first = rollout.complete(
  rollout.begin([], { id: 'first', taskDefinition: 'movies:1', at: 1 }),
  'first',
  2,
);
const second = rollout.begin(first, { id: 'second', taskDefinition: 'movies:2', at: 3 });

test('failures are counted until a task is healthy', () => {
  const failed = rollout.countFailure(rollout.countFailure(second, 'second', 4), 'second', 5);

  expect(failed[0]).toMatchObject({ id: 'second', failedTasks: 2, updatedAt: 5 });
  expect(rollout.forgetFailures(failed, 'second', 6)[0]?.failedTasks).toBe(0);
});

test('a failed deployment goes back to the last one that came out whole', () => {
  const failed = rollout.fail(second, 'second', 4);

  expect(failed[0]).toMatchObject({
    rolloutState: 'FAILED',
    reason: 'ECS deployment circuit breaker: tasks failed to start.',
  });
  expect(rollout.lastCompleted(failed)?.taskDefinition).toBe('movies:1');
});

test('the deployment after a failed one says what it rolls back', () => {
  const back = rollout.begin(rollout.fail(second, 'second', 4), {
    id: 'third',
    taskDefinition: 'movies:1',
    at: 5,
  });

  expect(back[0]).toMatchObject({ id: 'third', rolloutState: 'IN_PROGRESS', rollsBack: 'second' });
});
