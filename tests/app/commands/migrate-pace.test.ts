import { expect, test } from '@jest/globals';
import { createPace } from '../../../app/src/commands/migrate/pace.ts';

test('whoever asks, no more is let through than the rate allows', async () => {
  const pace = createPace(1_000);
  const startedAt = performance.now();

  await Promise.all([pace(100), pace(100), pace(100)]);

  // The third waits for the two before it; a timer may be a millisecond early.
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(198);
});
