import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { json } from 'node:stream/consumers';
import { CreateTableCommand, DynamoDBClient, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, test } from '@jest/globals';
import { startEmbeddedDynamoDb } from '../../../app/src/local/embedded-dynamodb.ts';
import { listenOnLoopback } from '../../../app/src/local/listen.ts';
import { clientSettings } from '../../../tools/lib/terraform/emulated.ts';
import { createContainerRunner } from '../../../tools/sandbox/deployment/runners.ts';
import { toContainer } from '../../../tools/sandbox/deployment/task-definition.ts';
import { createRestores } from '../../../tools/sandbox/deployment/database.ts';
import { eventually } from '../../support/eventually.ts';
import { completeAnswer } from '../../../tools/sandbox/deployment/aws-answers.ts';
import { type LocalState, noFaults, type TaskState } from '../../../tools/sandbox/deployment/state.ts';
import type { Answer, Call } from '../../../tools/sandbox/call.ts';
import { createDataPlane } from '../../../tools/sandbox/front.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const service = 'arn:aws:ecs:eu-west-1:123456789012:service/movies/movies';

const task = (id: string, changes: Partial<TaskState> = {}): TaskState => ({
  id,
  zone: 'eu-west-1a',
  deployment: 'ecs-svc/2',
  taskDefinition: 'movies:1',
  digest,
  status: 'RUNNING',
  health: 'healthy',
  url: 'http://127.20.1.1:8080',
  metricsUrl: 'http://127.20.1.1:9464/metrics',
  startedAt: 1_000,
  healthyAt: 2_000,
  stoppedAt: undefined,
  reason: undefined,
  repeated: 0,
  ...changes,
});
const deployment = { failedTasks: 0, createdAt: 1_000, updatedAt: 2_000 };

const state: LocalState = {
  url: 'http://127.0.0.1:8088',
  runner: 'containers',
  service,
  taskDefinition: 'movies:1',
  desiredCount: 2,
  steady: false,
  zones: ['eu-west-1a'],
  lostZones: [],
  deployments: [
    {
      ...deployment,
      id: 'ecs-svc/2',
      taskDefinition: 'movies:1',
      rolloutState: 'IN_PROGRESS',
      reason: 'back',
    },
    { ...deployment, id: 'ecs-svc/1', taskDefinition: 'movies:2', rolloutState: 'FAILED', reason: 'broken' },
  ],
  tasks: [
    task('one'),
    task('two', { health: 'unhealthy', url: 'http://127.20.2.1:8080', zone: 'eu-west-1b' }),
    task('new', {
      status: 'PENDING',
      health: 'starting',
      healthyAt: undefined,
      url: 'http://127.20.3.1:8080',
    }),
    task('old', {
      status: 'STOPPED',
      stoppedAt: 3_000,
      reason: 'Essential container in task exited: exit code 137, OutOfMemoryError: Container killed',
    }),
  ],
  database: noFaults,
  logs: '',
  issuer: '',
  tokenEndpoint: '',
  client: { id: 'machine', secret: 'of-a-test' },
};

const ask = (action: string, request: object, answer = '{}'): string =>
  completeAnswer({ action, request: JSON.stringify(request), answer }, state);

/** As podman and its monitor do it where the kernel ends a container; real ones are started by `make drill`. */
test('a container that was killed for its memory says so, and leaves no file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'podman-'));
  const path = process.env['PATH'];
  const podman = '#!/bin/sh\ncase "$*" in run*movies@*) touch oom; exit 137 ;; esac\n';
  await writeFile(join(folder, 'podman'), podman, { mode: 0o755 });
  process.env['PATH'] = `${folder}:${path}`;
  const container = toContainer({ name: 'api', image: `movies@${digest}` });
  const settings = { name: 'one', environment: {}, secrets: {}, labels: {} };
  const definition = { arn: '', cpus: 1, memory: 512, architecture: 'X86_64', container, sidecars: [] };

  const task = await createContainerRunner(folder, false).start(definition, settings);
  const ended = await task.ended;

  process.env['PATH'] = path;
  const reason = 'exit code 137, OutOfMemoryError: Container killed due to memory usage';
  expect([ended, await readdir(join(folder, 'tasks'))]).toEqual([reason, []]);
  await rm(folder, { recursive: true });
});

describe('what the AWS API says of running things', () => {
  test('a service tells its counts, and a rollback as what it is', () => {
    const answer = JSON.stringify({
      services: [{ serviceArn: service, deployments: [{ status: 'PRIMARY' }] }],
    });

    expect(JSON.parse(ask('ecs.DescribeServices', {}, answer))).toMatchObject({
      services: [
        {
          runningCount: 2,
          pendingCount: 1,
          deployments: [
            { id: 'ecs-svc/2', status: 'PRIMARY', rolloutState: 'IN_PROGRESS', rolloutStateReason: 'back' },
          ],
        },
      ],
    });
  });

  test('another service is left as it is', () => {
    const answer = JSON.stringify({ services: [{ serviceArn: 'other', runningCount: 7 }] });

    expect(ask('ecs.DescribeServices', {}, answer)).toBe(answer);
  });

  test('running and stopped tasks are listed apart', () => {
    const arn = (id: string) => `arn:aws:ecs:eu-west-1:123456789012:task/movies/${id}`;

    expect(JSON.parse(ask('ecs.ListTasks', {}))).toEqual({ taskArns: ['one', 'two', 'new'].map(arn) });
    expect(JSON.parse(ask('ecs.ListTasks', { desiredStatus: 'STOPPED' }))).toEqual({
      taskArns: [arn('old')],
    });
  });

  test('a task tells zone, digest, health and why it stopped', () => {
    expect(JSON.parse(ask('ecs.DescribeTasks', { tasks: ['two', 'old'] }))).toMatchObject({
      tasks: [
        { availabilityZone: 'eu-west-1b', healthStatus: 'UNHEALTHY', containers: [{ imageDigest: digest }] },
        {
          lastStatus: 'STOPPED',
          desiredStatus: 'STOPPED',
          stopCode: 'EssentialContainerExited',
          stoppedReason: 'Essential container in task exited',
          stoppedAt: 3,
          containers: [{ exitCode: 137, reason: 'OutOfMemoryError: Container killed' }],
        },
      ],
    });
  });

  test('targets are healthy, unhealthy or initial; a stopped task is none', () => {
    const answer = ask('elasticloadbalancing.DescribeTargetHealth', {});

    expect(
      [...answer.matchAll(/<Id>([^<]+)<\/Id>.*?<State>([^<]+)</g)].map(([, id, health]) => [id, health]),
    ).toEqual([
      ['127.20.1.1', 'healthy'],
      ['127.20.2.1', 'unhealthy'],
      ['127.20.3.1', 'initial'],
    ]);
  });
});

const listTasks: Call = {
  service: 'ecs',
  action: 'ListTasks',
  protocol: 'json',
  method: 'POST',
  url: '/',
  headers: {},
  body: Buffer.from('{"cluster":"movies"}'),
};
const given: Answer = { status: 200, headers: { 'x-from': 'moto' }, body: Buffer.from('{"taskArns":[]}') };

const requestOf = (method: string, body: unknown): IncomingMessage =>
  Object.assign(Readable.from([Buffer.from(JSON.stringify(body))]), { method }) as unknown as IncomingMessage;

/** Completes an answer by saying what it was asked. */
async function startCompleter() {
  const server = createServer((incoming, response) => {
    void json(incoming).then((asked) => response.end(JSON.stringify({ completed: JSON.stringify(asked) })));
  });
  const { url } = await listenOnLoopback(server, 0);
  return { url, stop: () => server.close() };
}

test('whoever runs the tasks completes what it registered for, and nothing else', async () => {
  const completer = await startCompleter();
  const dataPlane = createDataPlane();
  await dataPlane.configure(requestOf('PUT', { url: completer.url, actions: ['ecs.ListTasks'] }));

  const completed = await dataPlane.complete(listTasks, given);
  const other = await dataPlane.complete({ ...listTasks, action: 'DescribeClusters' }, given);

  expect(JSON.parse(completed.body.toString())).toEqual({
    action: 'ecs.ListTasks',
    request: '{"cluster":"movies"}',
    answer: '{"taskArns":[]}',
  });
  expect(other).toBe(given);
  completer.stop();
});

test('when nobody answers any more, or has signed off, the control plane speaks for itself', async () => {
  const completer = await startCompleter();
  const dataPlane = createDataPlane();
  await dataPlane.configure(requestOf('PUT', { url: 'http://127.0.0.1:9', actions: ['ecs.ListTasks'] }));
  const unanswered = await dataPlane.complete(listTasks, given);

  await dataPlane.configure(requestOf('PUT', { url: completer.url, actions: ['ecs.ListTasks'] }));
  await dataPlane.configure(requestOf('DELETE', {}));
  const signedOff = await dataPlane.complete(listTasks, given);

  expect([unanswered, signedOff]).toEqual([given, given]);
  completer.stop();
});

test('a restored table is being created until it holds the items of its source', async () => {
  const engine = await startEmbeddedDynamoDb();
  const client = new DynamoDBClient(clientSettings(engine.endpoint, 'eu-west-1'));
  const shape = {
    KeySchema: [{ AttributeName: 'title', KeyType: 'HASH' as const }],
    GlobalSecondaryIndexes: [
      {
        IndexName: 'by-title',
        KeySchema: [{ AttributeName: 'title', KeyType: 'HASH' as const }],
        Projection: { ProjectionType: 'ALL' as const },
      },
    ],
    AttributeDefinitions: [{ AttributeName: 'title', AttributeType: 'S' as const }],
  };
  await client.send(
    new CreateTableCommand({ ...shape, TableName: 'movies', BillingMode: 'PAY_PER_REQUEST' }),
  );
  for (let n = 0; n < 30; n += 1)
    await client.send(new PutItemCommand({ TableName: 'movies', Item: { title: { S: `movie ${n}` } } }));
  const restores = createRestores(engine.endpoint, 'eu-west-1', console.error);
  const described = { ...shape, TableName: 'movies-at-1', TableStatus: 'ACTIVE' };
  const look = () =>
    restores.complete({
      ...{ action: 'dynamodb.DescribeTable', request: '{"TableName":"movies-at-1"}' },
      answer: JSON.stringify({ Table: described }),
    });

  const answer = restores.complete({
    action: 'dynamodb.RestoreTableToPointInTime',
    request: JSON.stringify({ SourceTableName: 'movies', TargetTableName: 'movies-at-1' }),
    answer: JSON.stringify({ TableDescription: described }),
  });
  const early = look();
  await eventually(() => {
    expect(JSON.parse(look())).toEqual({ Table: described });
    return Promise.resolve();
  });

  const underWay = { TableStatus: 'CREATING', RestoreSummary: { RestoreInProgress: true } };
  expect(JSON.parse(answer)).toEqual({ TableDescription: { ...described, ...underWay } });
  expect(JSON.parse(early)).toEqual({ Table: { ...described, ...underWay } });
  expect((await client.send(new ScanCommand({ TableName: 'movies-at-1' }))).Count).toBe(30);
  restores.stop();
  client.destroy();
  await engine.stop();
});
