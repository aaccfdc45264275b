import { expect, test } from '@jest/globals';
import { scrapeTargets } from '../../../tools/sandbox/deployment/serve.ts';
import type { TaskState } from '../../../tools/sandbox/deployment/state.ts';
import { renderHistory } from './prometheus-history.ts';

const task = (id: string, status: TaskState['status']): TaskState => ({
  id,
  status,
  zone: 'eu-west-1a',
  deployment: 'one',
  taskDefinition: 'api:1',
  digest: 'sha256:0',
  health: 'healthy',
  url: 'http://127.1.1.1:8080',
  metricsUrl: 'http://127.1.1.1:9464/metrics',
  startedAt: 0,
  healthyAt: undefined,
  stoppedAt: undefined,
  reason: undefined,
});

test('Prometheus is told of the tasks that run, and of no other', () => {
  const tasks = [task('one', 'RUNNING'), task('old', 'DEACTIVATING'), task('gone', 'STOPPED')];

  expect(scrapeTargets({ tasks })).toEqual([
    { targets: ['127.1.1.1:9464'], labels: { task: 'one', zone: 'eu-west-1a' } },
  ]);
});

test('a history has a sample a minute, ends now, and every answer in it is within the bound', () => {
  const text = renderHistory({ hours: 1, readsPerSecond: 40, until: 7_200 });
  const valuesOf = (name: string): readonly (string | undefined)[] =>
    text
      .split('\n')
      .filter((line) => line.startsWith(name) && (!name.endsWith('bucket') || line.includes('le="0.25"')))
      .map((line) => line.split('} ')[1]);

  const counts = valuesOf('http_request_duration_seconds_count');

  expect(counts).toHaveLength(61);
  expect([counts[0], counts.at(-1)]).toEqual(['0 3600', '144000 7200']);
  expect(valuesOf('http_request_duration_seconds_bucket')).toEqual(counts);
  expect(text.endsWith('# EOF\n')).toBe(true);
});
