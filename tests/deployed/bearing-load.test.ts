import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { readSlo, type Objective } from '../../tools/lib/objectives.ts';
import type { Outcome } from '../../tools/sandbox/deployment/load.ts';
import { type Api, startApi } from '../support/api.ts';
import { aMovie } from '../support/movies.ts';
import { bearLoad, describeLoad, readObjectives, shareOfGood, startLyingEdge } from './bearing-load.ts';

const load = { ratePerSecond: 50, requests: 40, timeoutMs: 5_000, longestMs: 30_000 };
let api: Api;
let objectives: Readonly<Record<string, Objective>>;

beforeAll(async () => {
  api = await startApi();
  objectives = Object.fromEntries(
    readObjectives(await readSlo(join(import.meta.dirname, '../../docs/slo.yaml'))),
  );
  await api.writer('POST', '/movies', { body: aMovie() });
});

afterAll(() => api.stop());

beforeEach(() => {
  api.database.delayMs = 0;
});

const missed = (outcomes: readonly Outcome[]): readonly string[] =>
  Object.entries(objectives)
    .filter(([, objective]) => shareOfGood(outcomes, objective) < objective.objective_percent)
    .map(([name]) => name);
const bear = (url = `http://127.0.0.1:${api.port}`): Promise<readonly Outcome[]> =>
  bearLoad({ url, token: (scope) => api.issuer.token(scope) }, load);

test('a service that answers everything keeps its availability, with as many requests as were allowed', async () => {
  const outcomes = await bear();

  expect(missed(outcomes)).not.toContain('availability_reads');
  expect(outcomes).toHaveLength(load.requests);
});

test('a service that is slower than its bound misses its latency', async () => {
  api.database.delayMs = 300;

  expect(missed(await bear())).toEqual(['latency_reads']);
});

test('a service that refuses some reads misses both, and the step says how many', async () => {
  const edge = await startLyingEdge(`http://127.0.0.1:${api.port}`, (passed) =>
    passed.path.includes('year=1994') ? { ...passed, path: '/nowhere' } : passed,
  );

  const outcomes = await bear(edge.url).finally(edge.stop);

  expect(missed(outcomes)).toEqual(['availability_reads', 'latency_reads']);
  expect(describeLoad(outcomes)).toMatch(
    /^40 reads, 13 failed \{"404":13\}; ms: p50 \d+, p99 \d+, longest \d+$/,
  );
});

test('a service that can not list its movies gets no load', async () => {
  const refused = bearLoad(
    { url: `http://127.0.0.1:${api.port}`, token: () => Promise.resolve('none') },
    load,
  );

  await expect(refused).rejects.toThrow('/movies answers 401: there is no use in load');
});
