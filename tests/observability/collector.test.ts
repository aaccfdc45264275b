import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parseDocument } from 'yaml';
import { closeServer, freePort, listenOnLoopback } from '../../app/src/local/listen.ts';
import { startApi, type Api } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import { describeWith, type Requirement } from '../support/requirements.ts';

const program = resolve('.cache/bin/collector');
const configFile = resolve('app/collector/config.yaml');
const collector: Requirement = {
  name: 'the collector',
  missing: () => (existsSync(program) ? undefined : 'build it with `make collector` (takes Go and minutes)'),
};

const settings = {
  REGION: 'eu-west-1',
  PROMETHEUS_REMOTE_WRITE_URL:
    'https://aps-workspaces.eu-west-1.amazonaws.com/workspaces/ws/api/v1/remote_write',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_EC2_METADATA_DISABLED: 'true',
};

interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

describeWith([collector], 'the collector', () => {
  let api: Api;
  let aws: Server;
  let running: ChildProcess;
  let folder: string;
  const received: Received[] = [];

  /** As the container starts it: the configuration in a variable. */
  const validate = (config: string) =>
    spawnSync(program, ['validate', '--config', 'env:AOT_CONFIG_CONTENT'], {
      env: { ...settings, AOT_CONFIG_CONTENT: config },
      encoding: 'utf8',
    });

  /** The real configuration with other addresses: of the service under test, and of what stands in for AWS. */
  async function start(otlpPort: number, metricsPort: number, awsUrl: string): Promise<ChildProcess> {
    const config = parseDocument(await readFile(configFile, 'utf8'));
    config.setIn(['receivers', 'otlp', 'protocols', 'http', 'endpoint'], `127.0.0.1:${otlpPort}`);
    const scrape = ['receivers', 'prometheus', 'config', 'scrape_configs', 0];
    config.setIn([...scrape, 'static_configs', 0, 'targets'], [`127.0.0.1:${metricsPort}`]);
    config.setIn([...scrape, 'scrape_interval'], '1s');
    config.setIn([...scrape, 'scrape_timeout'], '1s');
    config.setIn(['processors', 'batch', 'timeout'], '200ms');
    config.setIn(['exporters', 'awsxray', 'endpoint'], awsUrl);
    await writeFile(join(folder, 'config.yaml'), String(config));
    return spawn(program, ['--config', join(folder, 'config.yaml')], {
      env: { ...settings, PROMETHEUS_REMOTE_WRITE_URL: `${awsUrl}/workspaces/ws/api/v1/remote_write` },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'collector-'));
    aws = createServer((request, response) => {
      void buffer(request).then((body) => {
        received.push({ path: request.url ?? '', headers: request.headers, body });
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end('{"UnprocessedTraceSegments":[]}');
      });
    });
    const { url } = await listenOnLoopback(aws, 0);
    const otlpPort = await freePort();
    api = await startApi({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${otlpPort}`,
      TRACE_SAMPLE_RATE: '1',
    });
    running = await start(otlpPort, api.service.metricsPort, url);
    await eventually(async () => fetch(`http://127.0.0.1:${otlpPort}/`));
  });

  afterAll(async () => {
    running.kill('SIGTERM');
    await once(running, 'exit');
    await api.stop();
    await closeServer(aws);
    await rm(folder, { recursive: true });
  });

  test('accepts the configuration', async () => {
    const { status, stderr } = validate(await readFile(configFile, 'utf8'));

    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  test('refuses a configuration with a misspelt setting, naming it', async () => {
    const config = (await readFile(configFile, 'utf8')).replace('limit_mib:', 'limit_mibs:');

    expect(validate(config)).toMatchObject({ status: 1, stderr: expect.stringContaining('limit_mibs') });
  });

  test('sends the trace of a request to X-Ray, signed, under the id that its log line has', async () => {
    await api.reader('GET', '/movies/2013/Rush', { headers: { 'x-request-id': 'collected-request' } });

    const traceId = String(api.log.find((entry) => entry['requestId'] === 'collected-request')?.['traceId']);
    const xrayId = `1-${traceId.slice(0, 8)}-${traceId.slice(8)}`;
    const sent = await eventually(() => {
      const found = received.find(
        ({ path, body }) => path === '/TraceSegments' && body.toString().includes(xrayId),
      );
      if (found === undefined) throw new Error(`no segment of ${xrayId} in ${received.length} requests`);
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
      const found = received.find(({ path }) => path === '/workspaces/ws/api/v1/remote_write');
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
