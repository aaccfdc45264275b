import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openBench, type Bench } from '../../tools/bench/bench.ts';
import { quick } from '../../tools/bench/options.ts';
import { waitForAnswer, withServer, type ServerProcess } from '../../tools/bench/server-process.ts';
import { benchMovie, pathOf } from '../../tools/bench/servers/movies.ts';

const movie = benchMovie(0);

describe('what is compared does the same work', () => {
  let bench: Bench;

  beforeAll(async () => {
    bench = await openBench({ pace: quick, say: () => undefined });
  }, 120_000);
  afterAll(() => bench.close());

  const answerOf = (starting: Promise<ServerProcess>) =>
    withServer(starting, async ({ url }) => {
      const headers = { authorization: `Bearer ${bench.issuer.token}` };
      await waitForAnswer(`${url}${pathOf(movie)}`, headers);
      const response = await fetch(`${url}${pathOf(movie)}`, { headers });
      const body = await response.text();
      return { status: response.status, connection: response.headers.get('connection'), body };
    });

  test.each(['raw', 'express', 'fastify', 'usual'])(
    'from memory, %s answers with the very bytes of the service and keeps the connection',
    async (rival) => {
      const theirs = await answerOf(bench.startRival(rival));
      const ours = await answerOf(bench.startOurs('inMemory'));

      expect(theirs).toEqual({ status: 200, connection: 'keep-alive', body: JSON.stringify(movie) });
      expect(ours).toEqual(theirs);
    },
  );

  test.each(['raw-dynamo', 'usual-dynamo'])(
    'from the database, %s answers with the very bytes of the service',
    async (rival) => {
      await withServer(bench.startStub(), async ({ url }) => {
        const database = { DYNAMODB_ENDPOINT: url };

        const theirs = await answerOf(bench.startRival(rival, database));
        const ours = await answerOf(bench.startOurs('production', database));

        expect(theirs.status).toBe(200);
        expect(ours.body).toBe(theirs.body);
      });
    },
  );

  test('a movie has 575 bytes of JSON', () => {
    expect(JSON.stringify(movie)).toHaveLength(575);
  });
});
