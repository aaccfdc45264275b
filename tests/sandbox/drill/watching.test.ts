import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { allDrills } from './drills.ts';
import { renderHistory } from './prometheus.ts';
import { drillIds, type TaskState } from '../../../tools/sandbox/deployment/state.ts';
import { scrapeTargets } from '../../../tools/sandbox/deployment/serve.ts';

/** As `make drill DRILLS=…` runs it, where no local deployment serves. */
const drill = (ids: string) => local('drill', '--only', ids);
const local = (...args: readonly string[]) => {
  const program = [resolve('tools/sandbox/deployment/main.ts'), ...args];
  const env = { PATH: process.env['PATH'], LOCAL_HOME: '/nonexistent' };
  const { status, stderr } = spawnSync(process.execPath, program, { env, encoding: 'utf8' });
  return { status, stderr };
};

test('without a local deployment there is nothing to break: misuse, and how to start one', () => {
  expect(drill('task-killed')).toEqual({
    status: 2,
    stderr: 'error: No local deployment serves.\nStart one: make deploy-local\n',
  });
});

test('a drill that is not there, beside one that is: misuse, and which there are', () => {
  expect(drill('task-killed,moon-lost')).toEqual({
    status: 2,
    stderr: expect.stringMatching(
      /^error: There is no drill moon-lost\.\nDRILLS names any of: task-killed, .*zone-lost/,
    ),
  });
});

test.each([
  ['--latency', '-1', 'a whole number from 0 to 60000'],
  ['--throttle', '1.5', 'a number from 0 to 1'],
  ['--year', 'MCMXCIV', 'a whole number from 0 to 9999'],
])('a fault of the database with %s %s is misuse, and says what it may be', (option, value, limits) => {
  expect(local('database', option, value)).toEqual({
    status: 2,
    stderr: expect.stringContaining(`It must be ${limits}.`),
  });
});

test('what can be named is what there is', () => {
  expect(allDrills.map(({ id }) => id).sort()).toEqual([...drillIds].sort());
});

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
  repeated: 0,
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
