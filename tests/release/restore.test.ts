import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { promisify } from 'node:util';
import {
  type AttributeValue,
  CreateBackupCommand,
  CreateTableCommand,
  DeleteItemCommand,
  DescribeTableCommand,
  DynamoDBClient,
  PutItemCommand,
  UpdateContinuousBackupsCommand,
} from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import {
  compare,
  describeComparison,
  digest,
  readRecovery,
  readSource,
  restore,
  runRestore,
  withRestoring,
  type Comparison,
  type Restoring,
} from '../../tools/release/restore.ts';
import { pythonEnvironment } from '../../tools/install/python/environment.ts';
import { clientSettings } from '../../tools/lib/terraform/emulated.ts';
import { startEmulator, type Emulator } from '../../tools/sandbox/emulator.ts';
import { describeWith, program } from '../support/requirements.ts';

/** Method and address of the call, and what is wrong with its parameters, by the model in botocore. */
const byModel = `
import json, sys, botocore.session, botocore.validate
call = botocore.session.get_session().get_service_model('backup').operation_model('StartRestoreJob')
report = botocore.validate.ParamValidator().validate(json.loads(sys.argv[1]), call.input_shape)
print(json.dumps([call.http['method'], call.http['requestUri'], report.generate_report()]))
`;
const uuid = '1EB3B5E7-9EB0-435A-A80B-108B488B0D45';
const noon = { target: 'movies-dev-at-20260301T120000Z', time: new Date('2026-03-01T12:00:00Z') };

test.each([
  ['2026-03-01T12:00:00Z', 'movies-dev', noon],
  ['2026-03-01T13:00+01:00', 'movies-dev', noon],
  ['2026-03-01T12:00:00Z', 'movies-dev-from-01-ab', noon],
  [
    'arn:aws:dynamodb:eu-west-1:123456789012:table/movies-dev/backup/01-ab',
    'movies-dev',
    {
      target: 'movies-dev-from-01-ab',
      dynamoDbBackup: 'arn:aws:dynamodb:eu-west-1:123456789012:table/movies-dev/backup/01-ab',
    },
  ],
  [
    `arn:aws:backup:eu-west-1:123456789012:recovery-point:${uuid}`,
    'movies-dev',
    {
      target: `movies-dev-from-${uuid}`,
      vaultBackup: `arn:aws:backup:eu-west-1:123456789012:recovery-point:${uuid}`,
    },
  ],
  ['movies-dev-at-20260301T120000Z', 'movies-dev', { target: 'movies-dev-at-20260301T120000Z' }],
  ['movies-dev', 'movies-dev-at-20260301T120000Z', { target: 'movies-dev' }],
])('TO=%s beside %s is %j', (to, serving, source) => {
  expect(readSource(to, serving)).toEqual(source);
});

test.each([
  ['', 'not said'],
  ['yesterday', 'no time, no backup'],
  ['2026-03-01 12:00', 'no time'],
  ['2026-03-01T12:00:00', 'no time'],
  ['2026-13-01T12:00:00Z', 'no time'],
  ['movies-prod-at-20260301T120000Z', 'no other table of movies-dev'],
  ['movies-dev', 'no other table'],
  ['arn:aws:s3:::bucket', 'no backup'],
])('TO=%s is misuse', (to, message) => {
  expect(() => readSource(to, 'movies-dev')).toThrow(message);
});

test('equal items have one digest, whatever the order of attributes and of sets; a list in another order has another', () => {
  const item = (a: string, b: string): Record<string, AttributeValue> => ({
    info: { M: { genres: { SS: [a, b] }, poster: { B: new Uint8Array([1, 2]) } } },
  });
  const reversed = { M: { poster: { B: new Uint8Array([1, 2]) }, genres: { SS: ['drama', 'comedy'] } } };

  expect(digest(item('comedy', 'drama'))).toBe(digest({ info: reversed }));
  expect(digest({ cast: { L: [{ S: 'a' }, { S: 'b' }] } })).not.toBe(
    digest({ cast: { L: [{ S: 'b' }, { S: 'a' }] } }),
  );
  expect(digest({ n: { N: '1' } })).not.toBe(digest({ n: { S: '1' } }));
});

test('a person is told by number and first keys, and that another shape must not serve', () => {
  const contents = { items: 9, hash: 'a'.repeat(64) };
  const found: Comparison = {
    ...{ shape: ['index year-rating: none restored, … serving'], restored: contents },
    serving: { ...contents, hash: 'b'.repeat(64) },
    ...{ missing: Array.from({ length: 7 }, (_, n) => `{"n":${n}}`), added: [], different: ['{"n":"|"}'] },
  };

  expect(describeComparison('movies-dev', 'movies-dev-at-1', found).split('\n').slice(4)).toEqual([
    '| hash of all items | aaaaaaaaaaaaaaaa | bbbbbbbbbbbbbbbb |',
    '',
    'They differ, so it must not serve: index year-rating: none restored, … serving',
    '- 7 are restored, and missing from what serves: {"n":0}, {"n":1}, {"n":2}, {"n":3}, {"n":4}, …',
    '- 1 are in both, and differ: {"n":"\\|"}',
  ]);
});

describeWith([program('python3', 'install Python 3.10 or newer')], 'a restore', () => {
  let emulator: Emulator;
  let reports: string;
  let number = 0;
  let serving: string;
  let said: string[];
  const kmsKey = 'arn:aws:kms:eu-west-1:123456789012:key/movies';
  const place = () => ({ region: 'eu-west-1', endpoint: emulator.url });
  const means = { say: (line: string) => said.push(line), now: Date.now, lookEveryMs: 10 };
  const withEmulator = <T>(work: (by: Restoring) => Promise<T>): Promise<T> =>
    withRestoring(place(), {}, means, work);
  const keys = (hash: string, range: string) => [
    { AttributeName: hash, KeyType: 'HASH' as const },
    { AttributeName: range, KeyType: 'RANGE' as const },
  ];
  const index = { IndexName: 'title-year', KeySchema: keys('title', 'year') };
  const createTable = (TableName: string, indexes = [index]) =>
    withEmulator(({ tables }) =>
      tables.send(
        new CreateTableCommand({
          ...{ TableName, BillingMode: 'PAY_PER_REQUEST', KeySchema: keys('year', 'title') },
          AttributeDefinitions: [
            { AttributeName: 'year', AttributeType: 'N' },
            { AttributeName: 'title', AttributeType: 'S' },
          ],
          SSESpecification: { Enabled: true, SSEType: 'KMS', KMSMasterKeyId: kmsKey },
          GlobalSecondaryIndexes: indexes.map((one) => ({ ...one, Projection: { ProjectionType: 'ALL' } })),
        }),
      ),
    );
  const put = ({ items }: Restoring, title: string, plot = 'Good.') =>
    items.send(
      new PutItemCommand({
        TableName: serving,
        Item: { year: { N: '1994' }, title: { S: title }, plot: { S: plot } },
      }),
    );
  const latestTime = async ({ tables }: Restoring) =>
    (await readRecovery(tables, serving)).to.toISOString().replace(/\.\d+/, '');
  const latest = async (by: Restoring) => readSource(await latestTime(by), serving);

  beforeAll(async () => {
    emulator = await startEmulator(0);
    reports = await mkdtemp(join(tmpdir(), 'restores-'));
  }, 300_000);

  afterAll(async () => {
    await emulator.stop();
    await rm(reports, { recursive: true });
  });

  beforeEach(async () => {
    number += 1;
    serving = `movies-${number}`;
    said = [];
    await createTable(serving);
    await withEmulator(async (by) => {
      await by.tables.send(
        new UpdateContinuousBackupsCommand({
          TableName: serving,
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        }),
      );
      for (const title of ['Pulp Fiction', 'Speed', 'Clerks']) await put(by, title);
    });
  });

  test('to a time makes a table of the same shape, key and items, and a second run makes no other one', () =>
    withEmulator(async (by) => {
      const source = await latest(by);

      await restore(serving, source, by);
      await restore(serving, source, by);

      const { Table: made } = await by.tables.send(new DescribeTableCommand({ TableName: source.target }));
      expect(made).toMatchObject({
        BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
        SSEDescription: { Status: 'ENABLED', SSEType: 'KMS', KMSMasterKeyArn: kmsKey },
      });
      expect(said.map((line) => line.replace(source.target, 'it'))).toEqual([
        expect.stringMatching(/^Restoring to it: minutes to hours/),
        'it is there already: nothing new is made.',
      ]);
      const found = await compare(serving, source.target, by);
      expect(found).toMatchObject({ shape: [], missing: [], added: [], different: [] });
      expect(found.restored).toEqual(found.serving);
    }));

  test('beside a damaged table it is told what is missing, what was added and what differs', () =>
    withEmulator(async (by) => {
      const source = await latest(by);
      await restore(serving, source, by);
      const Key = { year: { N: '1994' }, title: { S: 'Speed' } };
      await by.items.send(new DeleteItemCommand({ TableName: serving, Key }));
      await put(by, 'Clerks', 'Bad.');
      await put(by, 'Leon');

      const { restored, serving: served, ...found } = await compare(serving, source.target, by);

      const key = (title: string) => JSON.stringify({ year: '1994', title });
      expect(found).toEqual({
        ...{ shape: [], missing: [key('Speed')], added: [key('Leon')], different: [key('Clerks')] },
      });
      expect([restored.items, served.items, restored.hash === served.hash]).toEqual([3, 3, false]);
    }));

  test('to a time that is not kept any more, or not yet, is refused with the times that are', () =>
    withEmulator(async (by) => {
      const { from, to } = await readRecovery(by.tables, serving);

      for (const time of [
        '2020-01-01T00:00:00Z',
        new Date(Date.now() + 60_000).toISOString().slice(0, 19) + 'Z',
      ])
        await expect(restore(serving, readSource(time, serving), by)).rejects.toThrow(
          `to each second from ${from.toISOString()} to ${to.toISOString()}`,
        );
    }));

  test('of a table without recovery is refused before anything is asked for', () =>
    withEmulator(async (by) => {
      await createTable(`${serving}-bare`);

      await expect(
        restore(`${serving}-bare`, readSource('2026-03-01T12:00:00Z', `${serving}-bare`), by),
      ).rejects.toThrow('no point-in-time recovery');
    }));

  test('from a backup of DynamoDB makes a table with the key of the one that serves', () =>
    withEmulator(async (by) => {
      const { BackupDetails: backup } = await by.tables.send(
        new CreateBackupCommand({ TableName: serving, BackupName: 'before' }),
      );
      const source = readSource(backup?.BackupArn ?? '', serving);

      await restore(serving, source, by);

      const { Table: made } = await by.tables.send(new DescribeTableCommand({ TableName: source.target }));
      expect(made?.SSEDescription?.KMSMasterKeyArn).toBe(kmsKey);
      expect(await compare(serving, source.target, by)).toMatchObject({ missing: [], added: [] });
    }));

  test('of a table that nobody restored is refused', () =>
    withEmulator(async (by) => {
      await expect(restore(serving, { target: `${serving}-at-1` }, by)).rejects.toThrow('There is no table');
    }));

  const run = (to: string) =>
    runRestore(
      place(),
      { outputs: { table_name: serving, image: 'movies-api@sha256:0' }, environment: 'dev', to, reports },
      means,
    );

  test('as a command says how to let it serve and how to return, and leaves a report', async () => {
    const to = await withEmulator(latestTime);

    expect(await run(to)).toBe(true);

    const { target } = readSource(to, serving);
    expect(said.slice(-2)).toEqual(
      [target, serving].map((table) => `  make deploy ENV=dev IMAGE=movies-api@sha256:0 TABLE=${table}`),
    );
    expect(await readFile(join(reports, `${target}.md`), 'utf8')).toMatch(
      /^### Restore in dev to .*\n\nRestored in .*\n\n\| {2}\| restored \| serving \|/,
    );
  });

  test('whose table lacks an index may not serve', async () => {
    await createTable(`${serving}-at-1`, [{ ...index, IndexName: 'other' }]);

    expect(await run(`${serving}-at-1`)).toBe(false);

    expect(said.at(-1)).toMatch(/must not serve: .*index title-year: none restored/);
  });

  test('from the vault is a job of AWS Backup by the role for it; one that fails ends the wait with its reason', async () => {
    const asked: unknown[] = [];
    const backups = createServer((request, response) => {
      void (async () => {
        const told = { Status: 'FAILED', StatusMessage: 'Insufficient privileges' };
        if (request.method === 'PUT') asked.push(request.url, await json(request));
        response.end(JSON.stringify(request.method === 'PUT' ? { RestoreJobId: 'job-1' } : told));
      })();
    }).listen(0, '127.0.0.1');
    backups.unref();
    await once(backups, 'listening');
    const endpoint = `http://127.0.0.1:${(backups.address() as AddressInfo).port}`;
    const arn = `arn:aws:backup:eu-west-1:123456789012:recovery-point:${uuid}`;
    const tables = new DynamoDBClient(clientSettings(emulator.url, 'eu-west-1'));

    const restoring = withRestoring(
      { region: 'eu-west-1', endpoint },
      { restore_role_arn: 'arn:aws:iam::123456789012:role/movies-restore' },
      means,
      (by) => restore(serving, readSource(arn, serving), { ...by, tables }),
    );

    await expect(restoring).rejects.toThrow('The restore job job-1 has ended: Insufficient privileges');
    tables.destroy();
    backups.close();
    expect(asked).toEqual([
      '/restore-jobs',
      {
        RecoveryPointArn: arn,
        IamRoleArn: 'arn:aws:iam::123456789012:role/movies-restore',
        IdempotencyToken: `${serving}-from-${uuid}`,
        Metadata: { targetTableName: `${serving}-from-${uuid}`, encryptionType: 'Default' },
      },
    ]);
    // No emulator keeps backups: what is asked is held against AWS's own model of the call.
    const python = (await pythonEnvironment('moto')).program('python');
    const { stdout } = await promisify(execFile)(python, ['-c', byModel, JSON.stringify(asked[1])]);
    expect(JSON.parse(stdout)).toEqual(['PUT', '/restore-jobs', '']);
  });
});
