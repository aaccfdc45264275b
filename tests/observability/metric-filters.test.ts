import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { describeProbe } from '../../app/src/commands/outside-caller.ts';
import { closeServer } from '../../app/src/local/listen.ts';
import { parseFilterPattern, property } from '../support/cloudwatch/patterns.ts';
import { planned } from '../support/cloudwatch/alarm.ts';
import { startApiProcess } from '../support/processes.ts';
import { type Api, startApi } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';

/** What is asked of the real service, by what its log line is called below. */
let lines: Readonly<Record<string, string>> = {};
let api: Api;

beforeAll(async () => {
  api = await startApi({ MOVIE_CACHE_TTL_MS: '0', DYNAMODB_TIMEOUT_MS: '2000', DYNAMODB_MAX_ATTEMPTS: '1' });
  const movie = { year: 2013, title: 'Rush', info: {} };
  const path = '/movies/2013/Rush';
  const ask = (requestId: string, method: string, address: string, body?: object) =>
    api.writer(method, address, { headers: { 'x-request-id': requestId }, ...(body ? { body } : {}) });
  /** Again until it took no longer than it is meant to: the first of a path is slow, and the machine may be busy. */
  const askWithin = (limitMs: number, ...request: Parameters<typeof ask>) =>
    eventually(
      async () => {
        await ask(...request);
        const line = api.log.findLast(({ requestId }) => requestId === request[0]);
        expect(line?.['durationMs']).toBeLessThan(limitMs);
      },
      { deadlineMs: 120_000 },
    );

  await askWithin(250, 'quick-read', 'GET', path);
  await askWithin(250, 'quick-head', 'HEAD', path);
  await askWithin(250, 'quick-page', 'GET', '/movies');
  await askWithin(250, 'quick-write', 'POST', '/movies', movie);
  await askWithin(250, 'quick-delete', 'DELETE', path);
  await ask('another-route', 'GET', '/healthz');
  await api.stranger('GET', path, { headers: { 'x-request-id': 'refused-read' } });
  api.database.delayMs = 350;
  await ask('slow-read', 'GET', path);
  await askWithin(500, 'patient-write', 'POST', '/movies', movie);
  api.database.delayMs = 600;
  await ask('slow-write', 'DELETE', path);
  api.database.delayMs = 0;
  api.database.mood = 'broken';
  await ask('failed-read', 'GET', path);
  await ask('failed-write', 'POST', '/movies', movie);
  api.database.mood = 'silent';
  await ask('timed-out', 'GET', path);
  api.database.mood = 'well';
  lines = Object.fromEntries([
    ...api.log.map((entry) => [String(entry['requestId'] ?? entry['msg']), JSON.stringify(entry)]),
    ['fatal', await fatalLine()],
  ]) as Record<string, string>;
});
afterAll(() => api.stop());

/** The last line of a service whose port is taken. */
async function fatalLine(): Promise<string> {
  const occupant = createServer().listen(0, '127.0.0.1');
  await once(occupant, 'listening');
  const { port } = occupant.address() as AddressInfo;
  const { output } = await startApiProcess({ TABLE_NAME: 'movies', PORT: String(port) }).ended;
  await closeServer(occupant);
  return output.split('\n').find((line) => line.includes('"fatal"')) ?? `no fatal line: ${output}`;
}

const reads = [
  'quick-read',
  'refused-read',
  'quick-head',
  'quick-page',
  'slow-read',
  'failed-read',
  'timed-out',
];
const writes = ['quick-write', 'quick-delete', 'patient-write', 'slow-write', 'failed-write'];
/** Which of the lines each filter counts; it must not count any other. */
const counted: Readonly<Record<string, readonly string[]>> = {
  'main["log_errors"]': ['timed-out', 'fatal'],
  'objective["availability_reads_all"]': reads,
  'objective["availability_reads_bad"]': ['failed-read', 'timed-out'],
  'objective["availability_writes_all"]': writes,
  'objective["availability_writes_bad"]': ['failed-write'],
  'objective["latency_reads_all"]': reads,
  'objective["latency_reads_bad"]': ['slow-read', 'failed-read', 'timed-out'],
  'objective["latency_writes_all"]': writes,
  'objective["latency_writes_bad"]': ['slow-write', 'failed-write'],
};

const filters = [...planned<{ pattern: string }>('prod', 'aws_cloudwatch_log_metric_filter')];
/** Those of other log groups: events.test.ts and outside-probe.test.ts play them. */
const elsewhere = [
  'main["task_failures"]',
  'main["containers_lost"]',
  'main["deployments"]',
  'main["outside_probes_good"]',
];

describe('metric filters on real log lines', () => {
  test('every filter is played', () => {
    expect(filters.map(([name]) => name).toSorted()).toEqual(
      [...Object.keys(counted), ...elsewhere].toSorted(),
    );
  });

  const found = (pattern: string) => {
    const matches = parseFilterPattern(pattern);
    return Object.keys(lines)
      .filter((line) => matches(lines[line] ?? ''))
      .toSorted();
  };

  test.each(filters.filter(([name]) => !elsewhere.includes(name)))(
    '%s counts what it is meant to, and nothing else',
    (name, { pattern }) => {
      expect(found(pattern)).toEqual([...(counted[name] ?? [])].toSorted());
    },
  );

  test('the environments differ in no filter but that of the outside probes, which prod alone has', () => {
    const patterns = (environment: 'dev' | 'staging' | 'prod') =>
      [...planned<{ pattern: string }>(environment, 'aws_cloudwatch_log_metric_filter')]
        .filter(([name]) => name !== 'main["outside_probes_good"]')
        .map(([name, { pattern }]) => [name, pattern]);

    expect([patterns('dev'), patterns('staging')]).toEqual([patterns('prod'), patterns('prod')]);
  });
});

describe('saved queries on real log lines', () => {
  const keywords = ['fields', 'filter', 'stats', 'sort', 'limit', 'and', 'or', 'as', 'by', 'asc', 'desc'];
  const functions = ['count', 'max', 'latest', 'ispresent', 'pct', 'bin'];
  /** https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html: names that are no word of the language, text or alias. */
  const fieldsOf = (query: string): readonly string[] => {
    const aliases = [...query.matchAll(/ as (\w+)/g)].map(([, alias]) => alias);
    const names = query.replace(/"[^"]*"|(?<![.\w])\d+\w*/g, '').match(/@?[a-zA-Z_][\w.]*/g) ?? [];
    return [...new Set(names)].filter((name) => ![...keywords, ...functions, ...aliases].includes(name));
  };
  /** What AWS writes: of the web ACL (waf/latest/developerguide/logging-fields.html), and of ECS (AmazonECS/latest/developerguide/ecs_service_events.html). */
  const documented: Readonly<Record<string, string>> = {
    'Outside probes': describeProbe({
      miss: { cause: 'slow', what: '' },
      answerMs: 1,
      certificateDays: 1,
    }),
    'Blocked requests': JSON.stringify({
      timestamp: 1_756_720_000_000,
      action: 'BLOCK',
      terminatingRuleId: 'rate-limit',
      httpRequest: { clientIp: '192.0.2.7', country: 'NL', uri: '/movies', httpMethod: 'GET' },
    }),
    'Tasks and deployments': JSON.stringify({
      'detail-type': 'ECS Task State Change',
      detail: {
        eventName: '',
        reason: '',
        stopCode: 'TaskFailedToStart',
        stoppedReason: '',
        availabilityZone: '',
        containers: Array(2).fill({ name: 'api', exitCode: 137, reason: 'OutOfMemoryError' }),
      },
    }),
  };
  const queries = [...planned<{ query_string: string }>('prod', 'aws_cloudwatch_query_definition')];
  const missing = (query: string, line: string) =>
    fieldsOf(query).filter(
      // CloudWatch's own.
      (field) => field !== '@timestamp' && property(JSON.parse(line), field.split('.')) === undefined,
    );

  test.each(queries)(
    '%s asks for fields that a line of its log group has',
    (name, { query_string: query }) => {
      const line =
        documented[/"(.*)"/.exec(name)?.[1] ?? ''] ??
        lines[name.includes('Refused') ? 'refused-read' : 'failed-read'] ??
        '';

      expect(fieldsOf(query).length).toBeGreaterThan(3);
      expect(missing(query, line)).toEqual([]);
    },
  );

  test('a field that no line has is noticed', () => {
    expect(missing('fields durationMs, latency | sort latency', lines['failed-read'] ?? '')).toEqual([
      'latency',
    ]);
  });
});
