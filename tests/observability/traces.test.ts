import { execFileSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTracing, traceHeaders } from '../../app/src/telemetry/tracing.ts';
import { type Api, startApi } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../support/collector.ts';
import { promtool } from '../support/promtool.ts';
import { describeWith } from '../support/requirements.ts';

const callerTrace = '4bf92f3577b34da6a3ce929d0e0e4736';
const caller = (traceId: string, flags: '00' | '01') => ({
  traceparent: `00-${traceId}-00f067aa0ba902b7-${flags}`,
});
const openMetrics = { headers: { accept: 'application/openmetrics-text; version=1.0.0' } };
const epochOf = (traceId: string) => Number.parseInt(traceId.slice(0, 8), 16);

let receiver: OtlpReceiver;
let api: Api;
beforeAll(async () => {
  receiver = await startOtlpReceiver();
  api = await startApi({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
    TRACE_SAMPLE_RATE: '1',
    // Each read is to have a span of the database.
    MOVIE_CACHE_TTL_MS: '0',
  });
});
afterAll(async () => {
  await api.stop();
  await receiver.stop();
});

const traceOf = (requestId: string) =>
  String(api.log.find((entry) => entry['requestId'] === requestId)?.['traceId']);

/** All spans of a trace, once its server span is there: that one ends last. */
const spansOf = (traceId: string): Promise<readonly ReceivedSpan[]> =>
  eventually(() => {
    const spans = receiver.spans.filter((span) => span.traceId === traceId);
    expect(spans.map(({ kind }) => kind)).toContain(2);
    return spans;
  });

/** Nanoseconds since 1970 of the one span of this kind. */
function timesOf(spans: readonly ReceivedSpan[], kind: number): { start: bigint; end: bigint } {
  const [span, ...others] = spans.filter((one) => one.kind === kind);
  if (span === undefined || others.length > 0)
    throw new Error(`${spans.length} spans, not one of kind ${kind}`);
  return { start: BigInt(span.startTimeUnixNano), end: BigInt(span.endTimeUnixNano) };
}

describe('a traced request', () => {
  test('has one trace id in its log line, its exported spans and the exemplar of its route', async () => {
    await api.reader('GET', '/movies/2013/Rush', { headers: { 'x-request-id': 'traced-request' } });

    const traceId = traceOf('traced-request');
    const spans = await spansOf(traceId);
    const exposition = (await api.metrics('GET', '/metrics', openMetrics)).text;

    expect(spans).toEqual([
      expect.objectContaining({
        name: 'DynamoDB.GetItem',
        kind: 3,
        parentSpanId: spans[1]?.spanId,
        attributes: {
          'rpc.system': 'aws-api',
          'rpc.service': 'DynamoDB',
          'rpc.method': 'GetItem',
          'db.system.name': 'aws.dynamodb',
          'db.operation.name': 'GetItem',
          'aws.dynamodb.table_names': { values: [{ stringValue: 'movies' }] },
          'aws.dynamodb.consumed_capacity_units': expect.any(Number),
          'aws.retries': 0,
        },
        status: { code: 0 },
      }),
      expect.objectContaining({
        name: 'GET /movies/{year}/{title}',
        attributes: {
          'http.request.method': 'GET',
          'http.route': '/movies/{year}/{title}',
          'http.response.status_code': 404,
        },
        status: { code: 0 },
        resource: {
          'service.name': 'mvdb-api',
          'service.version': expect.any(String),
          'cloud.region': 'eu-west-1',
        },
      }),
    ]);
    expect(exposition).toMatch(
      new RegExp(
        `^http_request_duration_seconds_bucket\\{le="[^"]+",route="/movies/\\{year\\}/\\{title\\}",method="GET",status_class="4xx"\\} \\d+ # \\{trace_id="${traceId}"\\}`,
        'm',
      ),
    );
  });

  test('gets an id that X-Ray takes: it begins with the time in seconds', async () => {
    const before = Math.floor(Date.now() / 1000);

    await api.reader('GET', '/movies/2013/Rush', { headers: { 'x-request-id': 'x-ray-request' } });

    expect(epochOf(traceOf('x-ray-request'))).toBeGreaterThanOrEqual(before);
    expect(epochOf(traceOf('x-ray-request'))).toBeLessThanOrEqual(before + 60);
  });

  test('goes on with its caller’s trace, as a child of the caller, and passes it on to the database', async () => {
    await api.reader('GET', '/movies/2013/Rush', {
      headers: { ...caller(callerTrace, '01'), tracestate: 'a=1' },
    });

    const server = (await spansOf(callerTrace)).find(({ kind }) => kind === 2);

    expect(server?.parentSpanId).toBe('00f067aa0ba902b7');
    expect(api.database.seen.at(-1)).toMatchObject({
      traceparent: `00-${callerTrace}-${server?.spanId}-01`,
      tracestate: 'a=1',
    });
  });

  test('is as long as its log line says, and the call of the database lies inside it', async () => {
    await api.reader('GET', '/movies/2013/Rush', { headers: { 'x-request-id': 'timed-request' } });

    const spans = await spansOf(traceOf('timed-request'));
    const [call, server] = [timesOf(spans, 3), timesOf(spans, 2)];
    const logged = Number(api.log.find((entry) => entry['requestId'] === 'timed-request')?.['durationMs']);

    expect(Math.abs(Number(server.end - server.start) / 1e6 - logged)).toBeLessThan(1_000);
    expect(call.start).toBeGreaterThanOrEqual(server.start);
    expect(call.end).toBeLessThanOrEqual(server.end);
  });

  test('that the database fails is an error in both spans, by its type and not by its words', async () => {
    api.database.mood = 'broken';
    await api.reader('GET', '/movies/2013/Rush', { headers: { 'x-request-id': 'failing-request' } });
    api.database.mood = 'well';

    const [call, server] = await spansOf(traceOf('failing-request'));

    expect([call?.status.code, call?.attributes['error.type']]).toEqual([2, 'failed']);
    expect([server?.status.code, server?.attributes['error.type']]).toEqual([2, 'Unavailable']);
  });

  test('leaves nothing in its spans that anybody sent', async () => {
    await api.writer('POST', '/movies', {
      body: { year: 2020, title: 'hush-title', info: { plot: 'hush-plot' } },
    });
    await api.reader('GET', '/movies?title=hush-title&cursor=hush-cursor', {
      headers: { 'user-agent': 'hush-agent', cookie: 'hush=1', 'x-request-id': 'private-request' },
    });

    await spansOf(traceOf('private-request'));

    expect(receiver.raw.join('')).not.toMatch(/hush|Bearer|eyJ/);
  });
});

describe('sampling', () => {
  test.each<[string, '00' | '01', number]>([
    ['0', '01', 0],
    ['1', '00', 1],
  ])('a rate of %s decides, not the flag %s of a caller; a stop sends it', async (rate, flag, exported) => {
    const other = await startApi({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, TRACE_SAMPLE_RATE: rate });
    const asked = `cccccccccccccccccccccccccccccc${flag}`;

    await other.stranger('GET', '/', {
      headers: { ...caller(asked, flag), 'x-request-id': 'asked-request' },
    });
    await other.stop();

    expect(receiver.spans.filter(({ traceId }) => traceId === asked)).toHaveLength(exported);
    expect(other.log).toContainEqual(expect.objectContaining({ requestId: 'asked-request', traceId: asked }));
  });
});

describe('a service that exports no traces', () => {
  test('never loads OpenTelemetry: one file does, and that one is loaded on demand', async () => {
    const folder = resolve('app/src');
    const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.ts'));
    const sources = await Promise.all(
      names.map(async (name) => ({ name, text: await readFile(join(folder, name), 'utf8') })),
    );
    const imports = (what: RegExp) => sources.filter(({ text }) => what.test(text)).map(({ name }) => name);

    // Types are gone once it runs.
    expect(imports(/^import (?!type)[^;]*'@opentelemetry\//m)).toEqual(['telemetry/spans.ts']);
    expect(imports(/^import [^;]*\/spans\.ts'/m)).toEqual([]);
    expect(imports(/await import\('.\/telemetry\/spans\.ts'\)/)).toEqual(['service.ts']);
  });
});

describe('a collector that is away', () => {
  test('costs no request anything and is said once in the log', async () => {
    const away = await startOtlpReceiver();
    await away.stop();
    const alone = await startApi({ OTEL_EXPORTER_OTLP_ENDPOINT: away.endpoint, TRACE_SAMPLE_RATE: '1' });

    const answers = await Promise.all(
      Array.from({ length: 10 }, () => alone.reader('GET', '/movies/2013/Rush')),
    );
    await eventually(() => {
      expect(alone.log.map(({ msg }) => msg)).toContain('traces are not exported');
    });
    await alone.stop();

    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 404));
    expect(alone.log.filter(({ msg }) => msg === 'traces are not exported')).toHaveLength(1);
  });
});

describeWith([promtool], 'the metrics', () => {
  test('follow the conventions of Prometheus, and no counter loses its name', async () => {
    await api.reader('GET', '/movies/2013/Rush');
    const { text } = await api.metrics('GET', '/metrics');

    const judgement = execFileSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });

    expect(judgement).toBe('');
    expect(text).toMatch(/^# TYPE http_requests_shed_total counter$/m);
    expect(text).not.toMatch(/trace_id|# EOF/);
  });
});

test.each([
  ['/healthz', '5a'.repeat(16)],
  ['/readyz', '5b'.repeat(16)],
])('who asks %s leaves no span, whatever their headers say', async (path, traceId) => {
  await api.stranger('GET', path, { headers: caller(traceId, '01') });
  await api.reader('GET', '/movies/2013/Rush', { headers: { 'x-request-id': `after-${traceId}` } });

  // Spans leave in order: what came before would be here.
  await spansOf(traceOf(`after-${traceId}`));
  expect(receiver.spans.filter((span) => span.traceId === traceId)).toEqual([]);
});

/** More than are taken from one helping of random bytes. */
const many = 1_000;
const traceparent = /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/;

test('of a thousand requests that nobody traces each has a trace and a span id of its own, in W3C form', () => {
  const tracing = createTracing();

  const traces = Array.from({ length: many }, () => tracing.accept(undefined, undefined, false));

  expect(new Set(traces.map(({ traceId }) => traceId)).size).toBe(many);
  expect(new Set(traces.map(({ spanId }) => spanId)).size).toBe(many);
  expect(traces.filter((trace) => !traceparent.test(traceHeaders(trace)['traceparent'] ?? ''))).toEqual([]);
});
