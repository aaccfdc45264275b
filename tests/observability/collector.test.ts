import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { freePort } from '../../app/src/local/listen.ts';
import { startPrometheus } from '../../app/src/local/prometheus.ts';
import { type Api, startApi } from '../support/api.ts';
import {
  type AwsIngestion,
  collector,
  collectorConfig,
  collectorProgram,
  collectorSettings,
  startAwsIngestion,
  startCollector,
} from '../support/collector.ts';
import { eventually } from '../support/eventually.ts';
import { describeWith, program } from '../support/requirements.ts';

const prometheus = program('prometheus', 'install the Debian package prometheus, or run `make tools`');

/** What the program itself would take, and nobody meant: read here, since few machines have it. */
test('the configuration joins what the task has, and keeps below its memory', async () => {
  const { receivers, processors, exporters, extensions, service } = parse(
    await readFile(collectorConfig, 'utf8'),
  ) as Record<string, Record<string, unknown>>;

  expect(service).toMatchObject({
    extensions: ['sigv4auth'],
    telemetry: { logs: { level: 'warn', encoding: 'json' }, metrics: { level: 'none' } },
    pipelines: {
      traces: { receivers: ['otlp'], processors: ['memory_limiter', 'batch'], exporters: ['awsxray'] },
      metrics: {
        receivers: ['prometheus'],
        processors: ['memory_limiter', 'resourcedetection', 'resource', 'batch'],
        exporters: ['prometheusremotewrite'],
      },
    },
  });
  expect(receivers).toEqual({
    otlp: { protocols: { http: { endpoint: '127.0.0.1:4318' } } },
    prometheus: {
      config: {
        scrape_configs: [
          {
            job_name: 'movies-api',
            scrape_interval: '30s',
            scrape_timeout: '5s',
            static_configs: [{ targets: ['127.0.0.1:9464'] }],
          },
        ],
      },
    },
  });
  // Of 160 MB, of which Go's own limit is 120.
  expect(processors).toEqual({
    memory_limiter: { check_interval: '1s', limit_mib: 100, spike_limit_mib: 20 },
    resourcedetection: { detectors: ['ecs'] },
    resource: {
      attributes: [{ key: 'service.instance.id', from_attribute: 'aws.ecs.task.arn', action: 'upsert' }],
    },
    batch: { timeout: '5s', send_batch_size: 500, send_batch_max_size: 1000 },
  });
  expect(extensions).toEqual({ sigv4auth: { region: '${env:REGION}', service: 'aps' } });
  expect(exporters).toEqual({
    awsxray: { region: '${env:REGION}', index_all_attributes: false },
    prometheusremotewrite: {
      endpoint: '${env:PROMETHEUS_REMOTE_WRITE_URL}',
      auth: { authenticator: 'sigv4auth' },
      send_metadata: false,
      target_info: { enabled: false },
      retry_on_failure: { enabled: true, max_elapsed_time: '60s' },
    },
  });
});

describeWith([collector], 'the collector', () => {
  let api: Api;
  let aws: AwsIngestion;
  let running: { stop: () => Promise<void> };

  /** As the container starts it: the configuration in a variable. */
  const validate = (config: string) =>
    spawnSync(collectorProgram, ['validate', '--config', 'env:AOT_CONFIG_CONTENT'], {
      env: { ...collectorSettings, AOT_CONFIG_CONTENT: config },
      encoding: 'utf8',
    });

  beforeAll(async () => {
    aws = await startAwsIngestion();
    const otlpPort = await freePort();
    api = await startApi({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${otlpPort}`,
      TRACE_SAMPLE_RATE: '1',
    });
    running = await startCollector({ otlpPort, metricsPort: api.service.metricsPort, awsUrl: aws.url });
  });

  afterAll(async () => {
    await running.stop();
    await api.stop();
    await aws.stop();
  });

  test('accepts the configuration', async () => {
    const { status, stderr } = validate(await readFile(collectorConfig, 'utf8'));

    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  test('refuses a configuration with a misspelt setting, naming it', async () => {
    const config = (await readFile(collectorConfig, 'utf8')).replace('limit_mib:', 'limit_mibs:');

    expect(validate(config)).toMatchObject({ status: 1, stderr: expect.stringContaining('limit_mibs') });
  });

  test('sends the trace of a request to X-Ray, signed, under the id that its log line has', async () => {
    await api.reader('GET', '/movies/2013/Rush', { headers: { 'x-request-id': 'collected-request' } });

    const traceId = String(api.log.find((entry) => entry['requestId'] === 'collected-request')?.['traceId']);
    const xrayId = `1-${traceId.slice(0, 8)}-${traceId.slice(8)}`;
    const sent = await eventually(() => {
      const found = aws.received.find(
        ({ path, body }) => path === '/TraceSegments' && body.toString().includes(xrayId),
      );
      if (found === undefined) throw new Error(`no segment of ${xrayId} in ${aws.received.length} requests`);
      return found;
    });
    const { TraceSegmentDocuments: documents } = JSON.parse(sent.body.toString()) as {
      TraceSegmentDocuments: string[];
    };

    expect(sent.headers.authorization).toContain('/eu-west-1/xray/aws4_request');
    expect(documents.map((document): unknown => JSON.parse(document))).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          trace_id: xrayId,
          name: 'DynamoDB',
          namespace: 'aws',
          aws: expect.objectContaining({ operation: 'GetItem', table_name: 'movies' }),
        }),
        expect.objectContaining({
          trace_id: xrayId,
          name: 'mvdb-api',
          http: expect.objectContaining({ response: expect.objectContaining({ status: 404 }) }),
        }),
      ]),
    );
  });

  test('writes the metrics of the service to Managed Prometheus, signed', async () => {
    const write = await eventually(() => {
      const found = aws.received.find(({ path }) => path === '/workspaces/ws/api/v1/remote_write');
      if (found === undefined) throw new Error('nothing was written');
      return found;
    });

    expect(write.headers).toMatchObject({
      authorization: expect.stringContaining('/eu-west-1/aps/aws4_request'),
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
    });
    expect(write.body.toString('latin1')).toContain('movies-api');
  });
});

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
describeWith([collector, prometheus], 'one request, from its log line to its bucket in Prometheus', () => {
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
