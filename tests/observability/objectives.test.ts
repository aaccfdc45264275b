import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { createMetrics } from '../../app/src/telemetry/metrics.ts';
import { readSlo, type Objective, type Slo } from '../../tools/lib/objectives.ts';

const slo = await readSlo('docs/slo.yaml');
const { paths } = parse(await readFile('app/openapi.yaml', 'utf8')) as {
  readonly paths: Readonly<Record<string, object>>;
};

/** Prometheus counts answers up to a bound only where the histogram has a bucket that ends there. */
async function boundsWithoutBucket({ objectives }: Slo): Promise<readonly number[]> {
  const metrics = createMetrics();
  metrics.requestStarted();
  metrics.requestEnded({ route: '/movies', method: 'GET', status: 200, durationMs: 1 });
  const text = await metrics.registry.metrics();
  const buckets = [...text.matchAll(/^http_request_duration_seconds_bucket\{.*?le="([\d.]+)"/gm)].map(
    ([, bound]) => Number(bound) * 1_000,
  );
  return Object.values(objectives)
    .flatMap(({ bound_ms: bound = [] }) => bound)
    .filter((bound) => !buckets.includes(bound));
}

test('each bound of an objective is a bucket of the real histogram, and another one would be named', async () => {
  const changed = Object.entries(slo.objectives).map(
    ([name, { bound_ms: bound, ...objective }]): [string, Objective] => [
      name,
      { ...objective, ...(bound === undefined ? {} : { bound_ms: bound + 50 }) },
    ],
  );

  expect(await boundsWithoutBucket(slo)).toEqual([]);
  expect(await boundsWithoutBucket({ ...slo, objectives: Object.fromEntries(changed) })).toEqual([300, 550]);
});

test.each(['availability', 'latency'] as const)(
  'each method of the movies has one objective of %s',
  (kind) => {
    const served = Object.entries(paths)
      .filter(([path]) => path.startsWith('/movies'))
      .flatMap(([, operations]) => Object.keys(operations))
      .filter((name) => ['get', 'head', 'post', 'put', 'patch', 'delete'].includes(name))
      .map((name) => name.toUpperCase());

    const promised = Object.values(slo.objectives)
      .filter((objective) => objective.kind === kind)
      .flatMap(({ methods }) => methods);

    expect(new Set(served).size).toBeGreaterThan(2);
    expect(
      [...new Set(served)].filter((method) => promised.filter((one) => one === method).length !== 1),
    ).toEqual([]);
  },
);
