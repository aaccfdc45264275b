import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { listenOnLoopback } from '../../../app/src/local/listen.ts';
import { findEngine, runsContainers } from '../../../tools/lib/container-engine.ts';
import { runArguments } from '../../../tools/lib/container.ts';
import { noFaults } from '../../../tools/sandbox/deployment/state.ts';
import {
  type DatabaseLink,
  startDatabaseLink,
  tellOfTables,
} from '../../../tools/sandbox/deployment/database.ts';
import { overrides } from '../../../tools/sandbox/deployment/control-loop.ts';
import { describeDifferences } from '../../../tools/sandbox/deployment/serve.ts';
import {
  digestOf,
  readReference,
  taskContainer,
  toContainer,
} from '../../../tools/sandbox/deployment/task-definition.ts';
import { eventually } from '../../support/eventually.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const image = `123456789012.dkr.ecr.eu-west-1.amazonaws.com/movies-api@${digest}`;
const address = { host: '127.20.1.1', port: 8080, metricsPort: 9464 };
const services = {
  issuer: 'http://127.0.0.1:1',
  swaggerClientId: 'swagger',
  databaseUrl: 'http://127.0.0.1:2',
};

const container = toContainer({
  name: 'api',
  image,
  user: '65532:65532',
  readonlyRootFilesystem: true,
  linuxParameters: {
    initProcessEnabled: true,
    capabilities: { drop: ['ALL'] },
    tmpfs: [{ containerPath: '/tmp', size: 64 }],
  },
  mountPoints: [
    { containerPath: '/scratch', sourceVolume: 'scratch' },
    { containerPath: '/etc/x', readOnly: true },
  ],
  environment: [
    { name: 'TABLE_NAME', value: 'movies-api-dev' },
    { name: 'OIDC_ISSUER', value: 'https://cognito' },
  ],
  secrets: [{ name: 'CURSOR_SECRETS', valueFrom: 'arn:aws:secretsmanager:eu-west-1:1:secret:cursor' }],
  stopTimeout: 30,
  command: ['/app/main.js'],
  logConfiguration: {
    logDriver: 'awslogs',
    options: { 'awslogs-group': '/movies-api-dev/api', 'awslogs-stream-prefix': 'ecs' },
  },
});
const definition = {
  arn: 'movies:1',
  cpus: 0.25,
  memory: 512,
  architecture: 'ARM64',
  container,
  sidecars: [],
};

describe('a task definition as a container', () => {
  const settings = {
    name: 'task-1',
    environment: overrides(services, address),
    secrets: { CURSOR_SECRETS: 'the value of the secret' },
    labels: { 'movies-api.zone': 'eu-west-1a' },
  };
  const options = taskContainer(definition, { ...settings, hasInit: true });
  const args = runArguments(options);

  test('it runs as it is defined: user, root, capabilities, limits, init, command', () => {
    expect(options).toEqual({
      name: 'task-1',
      image,
      environment: {
        TABLE_NAME: 'movies-api-dev',
        OIDC_ISSUER: 'http://127.0.0.1:1',
        OIDC_SWAGGER_CLIENT_ID: 'swagger',
        DYNAMODB_ENDPOINT: 'http://127.0.0.1:2',
        HOST: '127.20.1.1',
        PORT: '8080',
        METRICS_PORT: '9464',
      },
      secrets: { CURSOR_SECRETS: 'the value of the secret' },
      labels: { 'movies-api.zone': 'eu-west-1a' },
      hostNetwork: true,
      memory: 512,
      cpus: 0.25,
      user: '65532:65532',
      readOnlyRoot: true,
      tmpfs: ['/scratch', '/tmp'],
      unprivileged: true,
      initProcess: true,
      stopTimeout: 30,
      command: ['/app/main.js'],
    });
  });

  test('where podman has no init process it runs without one, and that is said', () => {
    const { initProcess } = taskContainer(definition, { ...settings, hasInit: false });
    const said = (hasInit: boolean) =>
      describeDifferences(definition, services, { kind: 'containers', hasInit }).join('\n');

    expect(initProcess).toBe(false);
    expect(said(false)).toContain('catatonit');
    expect(said(true)).not.toContain('catatonit');
  });

  test('a container beside it is not run, and that is said', () => {
    const said = describeDifferences({ ...definition, sidecars: ['collector'] }, services, {
      kind: 'containers',
      hasInit: true,
    });

    expect(said).toContain('the container collector is not run');
  });

  test('the image is run by its digest, and its command comes last', () => {
    expect(args.slice(-2)).toEqual([image, '/app/main.js']);
  });

  test('the value of a secret is on no command line', () => {
    expect(args.join(' ')).not.toContain('the value of the secret');
    expect(args).toContain('CURSOR_SECRETS');
  });
});

describe('reading a definition', () => {
  test('its log group and stream are those of the log driver', () => {
    expect(container.log).toEqual({ group: '/movies-api-dev/api', streamPrefix: 'ecs' });
  });

  test('without a stop timeout it is that of ECS, 30 s', () => {
    expect(toContainer({ name: 'api', image }).stopTimeout).toBe(30);
  });

  test('an image by tag has no digest to compare, and is refused', () => {
    expect(digestOf(image)).toBe(digest);
    expect(() => digestOf('repository:latest')).toThrow(/not named by digest/);
  });

  test.each([
    ['arn:aws:secretsmanager:eu-west-1:1:secret:cursor-x', undefined, undefined, undefined],
    ['arn:aws:secretsmanager:eu-west-1:1:secret:cursor-x:key::', 'key', undefined, undefined],
    ['arn:aws:secretsmanager:eu-west-1:1:secret:cursor-x:::v1', undefined, undefined, 'v1'],
    ['arn:aws:secretsmanager:eu-west-1:1:secret:cursor-x:key:AWSPREVIOUS:', 'key', 'AWSPREVIOUS', undefined],
  ])('%s is read as ECS does', (valueFrom, jsonKey, stage, version) => {
    expect(readReference(valueFrom)).toEqual({
      arn: 'arn:aws:secretsmanager:eu-west-1:1:secret:cursor-x',
      jsonKey,
      stage,
      version,
    });
  });
});

describe('the arguments of a container', () => {
  test('what a task definition says becomes options, image and command last', () => {
    const given = runArguments({
      image: 'movies-api@sha256:1',
      environment: { PORT: '8080' },
      secrets: { CURSOR_SECRETS: 'never-on-a-command-line' },
      user: '65532:65532',
      readOnlyRoot: true,
      tmpfs: ['/tmp'],
      memory: 256,
      cpus: 0.5,
      maxProcesses: 64,
      unprivileged: true,
      initProcess: true,
      stopTimeout: 30,
      ports: [{ container: 8080 }, { container: 9464, host: 19464 }],
      entryPoint: ['/nodejs/bin/node'],
      command: ['/app/main.js'],
    });

    expect(given).toEqual([
      ...['--env', 'PORT=8080', '--env', 'CURSOR_SECRETS', '--user', '65532:65532'],
      ...['--read-only', '--read-only-tmpfs=false', '--tmpfs', '/tmp:rw,noexec,nosuid,nodev,size=64m'],
      ...['--memory', '256m', '--cpus', '0.5', '--pids-limit', '64'],
      ...['--cap-drop=all', '--security-opt=no-new-privileges', '--init', '--stop-timeout', '30'],
      ...['--publish', '127.0.0.1::8080', '--publish', '127.0.0.1:19464:9464'],
      ...['--entrypoint', '["/nodejs/bin/node"]', 'movies-api@sha256:1', '/app/main.js'],
    ]);
  });
});

describe('the container engine', () => {
  test('is the first that works', () => {
    expect(findEngine(undefined, (name) => name !== 'docker').name).toBe('podman');
  });

  test.each([
    ['answers and starts no container does not count', 'exit 125', []],
    [
      'runs what an image holds counts',
      'for folder; do :; done; "$folder/true" && echo sha256:1',
      ['docker'],
    ],
  ])('whose daemon %s', async (_what, build, found) => {
    const folder = await mkdtemp(join(tmpdir(), 'docker-'));
    const script = `#!/bin/sh\nif [ "$1" = build ]; then ${build}; fi\n`;
    await writeFile(join(folder, 'docker'), script, { mode: 0o755 });
    const path = process.env['PATH'];
    process.env['PATH'] = `${folder}:${path}`;

    const names = (['docker'] as const).filter(runsContainers);

    process.env['PATH'] = path;
    await rm(folder, { recursive: true });

    expect(names).toEqual(found);
  });

  test('where none works, the error names all three and a remedy', () => {
    expect(() => findEngine(undefined, () => false)).toThrow(
      expect.objectContaining({
        message: 'No container engine works here (tried docker, podman, buildah).',
        remedy: expect.stringMatching(/Install one of docker .*, podman or buildah/),
      }),
    );
  });
});

describe('the link to the database', () => {
  let target: Server;
  let link: DatabaseLink;
  let drawn = 0;
  const told: unknown[] = [];

  beforeAll(async () => {
    target = createServer((request, response) => {
      if (request.url === '/_emulator/requests') void json(request).then((one) => told.push(one));
      response.writeHead(200, { 'x-target': request.headers['x-amz-target'] ?? '' }).end('{"answered":true}');
    });
    const { url } = await listenOnLoopback(target, 0);
    link = await startDatabaseLink(url, () => drawn, tellOfTables(url, 'dev-task'));
  });

  afterEach(() => link.set(noFaults));

  afterAll(async () => {
    await link.stop();
    target.close();
  });

  const call = (body = '{}') =>
    fetch(link.url, { method: 'POST', body, headers: { 'x-amz-target': 'DynamoDB_20120810.Query' } });

  test('without faults everything is passed on, both ways', async () => {
    const answer = await call();

    expect([answer.status, answer.headers.get('x-target'), await answer.json()]).toEqual([
      200,
      'DynamoDB_20120810.Query',
      { answered: true },
    ]);
  });

  test('what passes is told to the account, once for each table and index, and no value of it', async () => {
    const query = { TableName: 'a', IndexName: 'b' };
    for (const N of ['1994', '1999'])
      await call(JSON.stringify({ ...query, ExpressionAttributeValues: { ':y': { N } } }));
    await call('{"RequestItems":{"c":{}}}');

    const of = { caller: 'dev-task', action: 'dynamodb.Query', made: [] };
    await eventually(() => {
      expect(told).toContainEqual({ ...of, given: { TableName: 'c' } });
    });
    expect(told.filter((one) => JSON.stringify(one).includes('"a"'))).toEqual([{ ...of, given: query }]);
  });

  test('a throttling database refuses the share that it was told to, as DynamoDB does', async () => {
    await link.set({ ...noFaults, throttleRatio: 0.5 });

    drawn = 0.49;
    const refused = await call();
    drawn = 0.5;
    const served = await call();

    expect([refused.status, served.status]).toEqual([400, 200]);
    expect(await refused.json()).toMatchObject({
      __type: expect.stringMatching(/#ProvisionedThroughputExceededException$/),
    });
  });

  test('one hot key: calls of that partition are refused, all others served', async () => {
    await link.set({ ...noFaults, throttleRatio: 1, throttledYear: 1994 });
    drawn = 0;

    const [hot, cold] = await Promise.all(
      [1994, 1999].map((year) => call(`{"Key":{"year":{"N":"${year}"}}}`)),
    );

    expect([hot?.status, cold?.status]).toEqual([400, 200]);
    expect(await hot?.json()).toMatchObject({
      ThrottlingReasons: [{ reason: 'TableReadKeyRangeThroughputExceeded' }],
    });
  });
});
