import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { median, startIssuer } from '../../tools/bench/load.ts';
import { judge, withServer } from '../../tools/bench/measures.ts';
import { buildPrograms, waitForAnswer, type Programs } from '../../tools/bench/processes.ts';
import { requestsOf } from '../../tools/bench/scenarios.ts';
import { benchMovie } from '../../tools/bench/server-movies.ts';

describe('what the bench compares does the same work', () => {
  let programs: Programs;
  let issuer: Awaited<ReturnType<typeof startIssuer>>;

  // What is built here has no time limit of its own: a busy machine takes minutes.
  beforeAll(async () => {
    [programs, issuer] = await Promise.all([
      buildPrograms({ programs: ['ours', 'raw-dynamo', 'express', 'raw', 'dynamo'] }, () => undefined),
      startIssuer(),
    ]);
  }, 600_000);
  afterAll(() => issuer.stop());

  test.each(['ours', 'raw-dynamo', 'express', 'raw'] as const)(
    '%s answers with the very bytes of the movie',
    async (program) => {
      const answer = await withServer(programs.start('dynamo', {}, false), (database) =>
        withServer(
          programs.start(program, { ...issuer.settings, DYNAMODB_ENDPOINT: database.url }),
          (server) =>
            waitForAnswer(`${server.url}/movies/1970/Movie%2000000`, {
              authorization: `Bearer ${issuer.token}`,
            }),
        ),
      );

      expect(answer).toBe(JSON.stringify(benchMovie));
      expect(answer).toHaveLength(575);
    },
    120_000,
  );
});

test('a load with a share of 5 % fresh movies asks for 5 in 100 that nobody asked for before', () => {
  const next = requestsOf({ name: 'ours', program: 'ours', load: 'hits' }, 'token', { freshShare: 0.05 });

  const paths = Array.from({ length: 10_000 }, (_, count) => next(count + 100_001).path);

  // Where the sequence begins may cut off one at its ends.
  expect(Math.abs(new Set(paths).size - (500 + 20))).toBeLessThanOrEqual(1);
});

test.each([
  [{ atLeast: 1.5, values: [1.4, 1.6, 1.6] }, 'met'],
  [{ atLeast: 1.5, values: [1.4, 1.4, 1.6] }, 'missed'],
  [{ atMost: 2, values: [1, 3, 5] }, 'missed'],
  [{ values: [1] }, undefined],
])('the median of %j is judged %s', (figure, expected) => {
  expect(judge({ text: '', unit: '', ...figure })).toBe(expected);
});

test('the median of an even number of rounds is the middle of the two in the middle', () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
});
