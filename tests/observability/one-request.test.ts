import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { freePort } from '../../app/src/local/listen.ts';
import { startPrometheus } from '../../app/src/local/prometheus.ts';
import { type Api, startApi } from '../support/api.ts';
import { type AwsIngestion, collector, startAwsIngestion, startCollector } from '../support/collector.ts';
import { eventually } from '../support/eventually.ts';
import { describeWith, program } from '../support/requirements.ts';

const prometheus = program('prometheus', 'install the Debian package prometheus, or run `make tools`');

interface Exemplars {
  readonly data: readonly {
    readonly seriesLabels: Readonly<Record<string, string>>;
    readonly exemplars: readonly {
      readonly labels: Readonly<Record<string, string>>;
      readonly value: string;
    }[];
  }[];
}

/** Service, collector and Prometheus are the real ones; only X-Ray has a stand-in. */
describeWith([collector, prometheus], 'one request, from its log line to its trace and its bucket', () => {
  let api: Api;
  let aws: AwsIngestion;
  let running: readonly { readonly stop: () => Promise<void> }[] = [];
  let prometheusUrl: string;
  let folder: string;
  let traceId: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'one-request-'));
    const [prometheusPort, otlpPort] = [await freePort(), await freePort()];
    prometheusUrl = `http://127.0.0.1:${prometheusPort}`;
    const store = await startPrometheus({
      port: prometheusPort,
      targets: [],
      dataDir: folder,
      takesWrites: true,
    });
    aws = await startAwsIngestion(prometheusUrl);
    api = await startApi({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${otlpPort}`,
      TRACE_SAMPLE_RATE: '1',
    });
    const { metricsPort } = api.service;
    running = [await startCollector({ otlpPort, metricsPort, awsUrl: aws.url }), store];

    await api.reader('GET', '/movies/2013/Rush', { headers: { 'x-request-id': 'one-request' } });
    traceId = String(api.log.find((entry) => entry['requestId'] === 'one-request')?.['traceId']);
  });

  afterAll(async () => {
    await Promise.all(running.map(({ stop }) => stop()));
    await api.stop();
    await aws.stop();
    await rm(folder, { recursive: true });
  });

  const ask = async (path: string, parameters: Readonly<Record<string, string>>): Promise<unknown> =>
    (await fetch(`${prometheusUrl}/api/v1/${path}?${new URLSearchParams(parameters)}`)).json();

  test('its log line names its route and a trace', () => {
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);
  });

  test('the span of that trace reaches X-Ray with the same id', async () => {
    const xrayId = `1-${traceId.slice(0, 8)}-${traceId.slice(8)}`;

    await eventually(() => {
      // What can't be handed over in time is dropped, and logged: was it the service, or the collector after it?
      expect(api.log.filter(({ level }) => level !== 'info')).toEqual([]);
      const segments = aws.received.filter(({ path }) => path === '/TraceSegments');
      expect(segments.map(({ body }) => body.toString()).join('\n')).toContain(xrayId);
    });
  });

  test('Prometheus counts it by route, as the collector wrote it', async () => {
    await eventually(async () => {
      expect(await ask('query', { query: 'http_request_duration_seconds_count' })).toMatchObject({
        data: {
          result: [
            {
              metric: {
                job: 'movies-api',
                route: '/movies/{year}/{title}',
                method: 'GET',
                status_class: '4xx',
              },
              value: [expect.any(Number), '1'],
            },
          ],
        },
      });
    });
  });

  test('the exemplar of its route in Prometheus is that trace', async () => {
    const now = Date.now() / 1_000;
    await eventually(async () => {
      const { data } = (await ask('query_exemplars', {
        query: 'http_request_duration_seconds_bucket{route="/movies/{year}/{title}"}',
        start: String(now - 600),
        end: String(now + 600),
      })) as Exemplars;
      expect(
        data.map(({ seriesLabels: { route, status_class: status }, exemplars }) => ({
          route,
          status,
          traces: exemplars.map(({ labels }) => labels['trace_id']),
        })),
      ).toEqual([{ route: '/movies/{year}/{title}', status: '4xx', traces: [traceId] }]);
    });
  });
});
