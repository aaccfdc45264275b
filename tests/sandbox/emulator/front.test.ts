import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateTableCommand, DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createRawClient, type RawAnswer, type RawClient } from './client.ts';
import { eventually } from '../../support/eventually.ts';
import { describeWith, program } from '../../support/requirements.ts';
import { terraform } from '../../support/terraform.ts';
import { createProgress } from '../../../tools/lib/progress.ts';
import { emulatedAws } from '../../../tools/lib/terraform/emulated.ts';
import { createTerraform } from '../../../tools/lib/terraform/terraform.ts';
import { pathStyle, region } from '../../../tools/sandbox/pipeline/account.ts';
import { createEmulatorHome } from '../../../tools/sandbox/deployment/processes.ts';
import { type Emulator, startEmulator } from '../../../tools/sandbox/emulator.ts';
import { type Front, startFront } from '../../../tools/sandbox/front.ts';

/** The first run installs moto. */
const installTimeoutMs = 300_000;
const python = program('python3', 'install Python 3.10 or newer');

describeWith([python], 'the emulator', () => {
  let emulator: Emulator;
  let client: RawClient;

  beforeAll(async () => {
    emulator = await startEmulator(0);
    client = createRawClient(emulator.url);
  }, installTimeoutMs);

  afterAll(async () => {
    await emulator.stop();
  });

  test('starts in time where its packages took an hour to install before', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'emulator-'));
    let hours = 0;
    const emulators = createEmulatorHome(folder, {
      now: () => Date.now() + hours * 3_600_000,
      install: () => Promise.resolve((hours += 1)),
    });

    const started = await emulators.start();
    const found = await emulators.find();
    await emulators.stop(started);
    await rm(folder, { recursive: true });

    expect({ hours, found }).toEqual({ hours: 1, found: started });
  });

  test('a real SDK client is answered by moto, through the front', async () => {
    const dynamo = new DynamoDBClient({
      endpoint: emulator.url,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });

    await dynamo.send(
      new CreateTableCommand({
        TableName: 'movies',
        KeySchema: [{ AttributeName: 'year', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'year', AttributeType: 'N' }],
        BillingMode: 'PAY_PER_REQUEST',
      }),
    );
    const { Table: table } = await dynamo.send(new DescribeTableCommand({ TableName: 'movies' }));

    expect(table?.TableArn).toBe('arn:aws:dynamodb:eu-west-1:123456789012:table/movies');
    dynamo.destroy();
  });

  test('bytes pass unchanged, both ways', async () => {
    const every = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const authorization = 'AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/s3/aws4_request';
    const url = `${emulator.url}/bytes/every%20byte`;
    await client.bucket('bytes');

    await fetch(url, { method: 'PUT', headers: { authorization }, body: every });
    const read = await fetch(url, { headers: { authorization } });

    expect(new Uint8Array(await read.arrayBuffer())).toEqual(every);
  });

  describeWith([terraform], 'with the backend of the service', () => {
    const [, backend = ''] =
      /^( {2}backend "s3" \{.*?^ {2}\})$/ms.exec(readFileSync('terraform/terraform.tf', 'utf8')) ?? [];
    let folder: string;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'two-releases-'));
      await client.bucket('state');
    });

    afterAll(() => rm(folder, { recursive: true }));

    /** A clone that releases to the environment `dev`, by this command. */
    async function openClone(name: string, command: string) {
      const directory = join(folder, name);
      const slow = `resource "terraform_data" "slow" {\n  provisioner "local-exec" {\n    command = "${command}"\n  }\n}`;
      await mkdir(directory);
      await writeFile(join(directory, 'main.tf'), `terraform {\n${backend}\n}\n${slow}\n`);
      await writeFile(join(directory, '.terraform.lock.hcl'), '');
      const env = { ...emulatedAws(process.env, emulator.url, region), TF_CLI_ARGS_init: pathStyle };
      const clone = createTerraform(directory, { env, progress: createProgress(() => undefined, Date.now) });
      await clone.init({ bucket: 'state', region });
      await clone.useWorkspace('dev');
      const out = join(directory, 'plan');
      return { ...clone, plan: () => clone.plan({ out, variables: {} }), apply: () => clone.apply(out) };
    }

    test(
      'the second of two releases at once is refused by the lock of the first, by its name, and goes on after it',
      async () => {
        const untilGo = `touch ${folder}/applying; until [ -e ${folder}/go ]; do sleep 0.05; done`;
        const [first, second] = [await openClone('first', untilGo), await openClone('second', 'true')];
        await first.plan();
        await second.plan();

        const applied = first.apply();
        await eventually(() => access(join(folder, 'applying')));
        const refusal = await second.apply().catch((error: unknown) => error);
        await writeFile(join(folder, 'go'), '');
        await applied;

        expect(refusal).toMatchObject({
          message: expect.stringMatching(
            /Error acquiring the state lock[^]*ID: +[\da-f-]{36}[^]*Operation: +OperationTypeApply/,
          ),
          remedy: expect.stringMatching(
            /: AWS_ENDPOINT_URL=http:\S+ AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test terraform -chdir=\S+second force-unlock [\da-f-]{36}$/,
          ),
        });
        await expect(second.apply()).rejects.toThrow('Saved plan is stale');
        expect(await second.plan()).toBe(false);
      },
      installTimeoutMs,
    );
  });

  test('the answer to HEAD keeps the length of the body that it leaves out', async () => {
    await client.bucket('heads');
    await client.rest('s3', 'PUT', '/heads/one', '12345');

    const response = await fetch(`${emulator.url}/heads/one`, {
      method: 'HEAD',
      headers: { authorization: 'AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/s3/aws4_request' },
    });

    expect(response.headers.get('content-length')).toBe('5');
  });

  test('an unknown JSON action is a 400 at once, and names itself', async () => {
    const answer = await client.json('logs', 'Logs_20140328.PutDaydream', {});

    expect({ ...answer, text: JSON.parse(answer.text) as unknown }).toEqual({
      status: 400,
      text: {
        __type: 'NotEmulated',
        message:
          "The emulator can't answer logs.PutDaydream (moto: NotImplementedError: The put_daydream action has not been implemented); see docs/testing.md",
      },
    });
  });

  test.each<[string, () => Promise<RawAnswer>, number, string]>([
    [
      'an unknown query action is a 400 in XML, and names itself',
      () => client.form('elasticloadbalancing', { Action: 'Daydream', Version: '2015-12-01' }),
      400,
      "<Code>NotEmulated</Code><Message>The emulator can't answer elasticloadbalancing.Daydream",
    ],
    [
      "an unknown EC2 action is a 400 in EC2's own envelope",
      () => client.form('ec2', { Action: 'Daydream', Version: '2016-11-15' }),
      400,
      '<Response><Errors><Error><Code>NotEmulated</Code>',
    ],
    [
      'a REST action that moto lacks is named by the operation',
      () => client.rest('xray', 'POST', '/CreateGroup', '{}'),
      400,
      "can't answer xray.CreateGroup (moto: no such path)",
    ],
    [
      'an error that AWS itself would give passes as it is',
      () => client.rest('s3', 'GET', '/nobody-made-this'),
      404,
      '<Code>NoSuchBucket</Code>',
    ],
  ])('%s', async (_what, ask, status, said) => {
    expect(await ask()).toEqual({ status, text: expect.stringContaining(said) });
  });

  test('what a call named is kept by the role whose credentials it came with, without what is secret', async () => {
    const role = 'arn:aws:iam::123456789012:role/movies-api-dev-plan';
    const taken = await client.form('sts', {
      ...{ Action: 'AssumeRole', Version: '2011-06-15', RoleArn: role, RoleSessionName: 'step' },
    });
    const [, key = ''] = /<AccessKeyId>(\w+)</.exec(taken.text) ?? [];
    await fetch(emulator.url, {
      method: 'POST',
      headers: {
        authorization: `AWS4-HMAC-SHA256 Credential=${key}/20260101/eu-west-1/secretsmanager/aws4_request, SignedHeaders=host, Signature=none`,
        'x-amz-target': 'secretsmanager.CreateSecret',
        'content-type': 'application/x-amz-json-1.1',
      },
      body: JSON.stringify({ Name: 'kept', SecretString: 'hidden', Tags: [{ Key: 'project', Value: 'x' }] }),
    });

    await client.json('kms', 'TrentService.DescribeKey', { KeyId: 'nothing' });
    await client.rest('s3', 'GET', '/kept?versioning');
    await client.bucket('kept');
    await client.rest('s3', 'GET', '/kept?versioning');

    const beside = { caller: 'dev-task', action: 'dynamodb.Query', given: { TableName: 'x' }, made: [] };
    for (const body of [beside, beside].map((one) => JSON.stringify(one)))
      await fetch(`${emulator.url}/_emulator/requests`, { method: 'POST', body });

    const response = await fetch(`${emulator.url}/_emulator/requests`);
    const { requests } = (await response.json()) as { requests: { caller: string; action: string }[] };

    expect(requests.filter(({ caller }) => caller === role)).toEqual([
      {
        caller: role,
        action: 'secretsmanager.CreateSecret',
        given: { Name: 'kept', 'Tags.0.Key': 'project', 'Tags.0.Value': 'x' },
        made: [expect.stringMatching(/:secret:kept-/)],
      },
    ]);
    expect(requests.filter(({ caller }) => caller === 'dev-task')).toEqual([beside]);
    expect(requests).toContainEqual({
      ...{ caller: 'test', action: 's3.GetBucketVersioning', made: [] },
      given: { 'path.0': 'kept', 'path.1': 'kept' },
    });
    expect(requests).toContainEqual(expect.objectContaining({ action: 'kms.DescribeKey', made: [] }));
  });
});

describe('in front of a moto that answers when it is told to', () => {
  const arrived: { readonly service: string; readonly response: ServerResponse }[] = [];
  const backend = createServer((request, response) => {
    const service = /\/(\w+)\/aws4_request/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    arrived.push({ service, response });
    backend.emit('arrived');
  });
  let front: Front;

  beforeAll(async () => {
    backend.listen(0, '127.0.0.1');
    await once(backend, 'listening');
    const { port } = backend.address() as AddressInfo;
    const moto = { url: new URL(`http://127.0.0.1:${port}`), errors: () => ({ count: 0, last: '' }) };
    front = await startFront({ moto, gaps: [], nameRest: () => 'GetObject', port: 0 });
  });

  afterAll(async () => {
    await front.stop();
    backend.close();
  });

  async function next(service: string): Promise<ServerResponse> {
    for (;;) {
      const [found] = arrived.filter((call) => call.service === service);
      if (found !== undefined) {
        arrived.splice(arrived.indexOf(found), 1);
        return found.response;
      }
      await once(backend, 'arrived');
    }
  }

  test('calls of IAM wait for each other, and others for none: moto crashes when one of IAM meets another', async () => {
    const client = createRawClient(front.url);
    const calls = ['A', 'B', 'C'].map((name) => client.form('iam', { Action: `Get${name}` }));

    const first = await next('iam');
    const other = client.rest('s3', 'GET', '/bucket/object');
    (await next('s3')).end();
    const waitingAtMoto = arrived.filter(({ service }) => service === 'iam').length;
    first.end();
    (await next('iam')).end();
    (await next('iam')).end();

    expect(waitingAtMoto).toBe(0);
    expect((await Promise.all([...calls, other])).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });
});
