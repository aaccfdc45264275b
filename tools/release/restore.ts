import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { BackupClient, DescribeRestoreJobCommand, StartRestoreJobCommand } from '@aws-sdk/client-backup';
import {
  type AttributeValue,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DynamoDBClient,
  type KeySchemaElement,
  ResourceNotFoundException,
  RestoreTableFromBackupCommand,
  RestoreTableToPointInTimeCommand,
  ScanCommand,
  type TableDescription,
} from '@aws-sdk/client-dynamodb';
import { Misuse, Problem } from '../../app/src/commands/problem.ts';
import { clientSettings } from '../lib/terraform/emulated.ts';

/** What a table is restored from, by what a person names, and the name that the restored one gets for it. */
export type Source = { readonly target: string } & (
  { readonly time: Date } | { readonly dynamoDbBackup: string } | { readonly vaultBackup: string } | object
);

/** @param serving name of the table that serves: the first one, or one that was restored from it */
export function readSource(to: string, serving: string): Source {
  const first = serving.replace(/-(at|from)-[0-9A-Za-z-]+$/, '');
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)$/.test(to) && Number.isFinite(Date.parse(to))) {
    const time = new Date(to);
    const stamp = time.toISOString().replaceAll(/[-:]|\.\d+/g, '');
    return { target: `${first}-at-${stamp}`, time };
  }
  const [, vendor, id = ''] =
    /^arn:[a-z-]+:(dynamodb|backup):.*[:/](?:backup\/|recovery-point:)([0-9A-Za-z-]+)$/.exec(to) ?? [];
  const target = `${first}-from-${id}`;
  if (vendor === 'dynamodb') return { target, dynamoDbBackup: to };
  if (vendor === 'backup') return { target, vaultBackup: to };
  if (to !== serving && (to === first || /^-(at|from)-[0-9A-Za-z-]+$/.test(to.slice(first.length))))
    return { target: to };
  throw new Misuse(
    to === ''
      ? 'It is not said what to restore.'
      : `${to} is no time, no backup and no other table of ${first}.`,
    `Name a time with its zone (TO=2026-03-01T12:00:00Z), the ARN of a backup, or a table that was restored (${first}-at-…, ${first}-from-…).`,
  );
}

export interface Restoring {
  /** The control plane. */
  readonly tables: DynamoDBClient;
  /** Where items are read: on AWS the same. */
  readonly items: DynamoDBClient;
  readonly backups: BackupClient;
  /** Output `restore_role_arn` of terraform/: absent without backups. */
  readonly roleArn?: string;
  readonly say: (line: string) => void;
  readonly now: () => number;
  readonly lookEveryMs: number;
}

const stands = ({ TableStatus: status, RestoreSummary: restored }: TableDescription): boolean =>
  status === 'ACTIVE' && restored?.RestoreInProgress !== true;

/** Resolves when the restored table is there. One that an interrupted run has asked for is waited for, not asked for again. */
export async function restore(serving: string, source: Source, by: Restoring): Promise<void> {
  const { tables, say, now, lookEveryMs } = by;
  const { target } = source;
  const startedAt = now();
  const isThere = (await describe(tables, target)) !== undefined;
  if (isThere) say(`${target} is there already: nothing new is made.`);
  const job = isThere ? undefined : await begin(serving, source, by);
  for (;;) {
    const table = await describe(tables, target);
    if (table && stands(table)) return;
    say(`${target}: ${table?.TableStatus ?? 'not there yet'}, after ${seconds(now() - startedAt)}`);
    if (job !== undefined) await refuseFailed(job, by);
    await pause(lookEveryMs);
  }
}

/** Asks for the restored table. Resolves with the job to watch, where AWS Backup makes it. */
async function begin(serving: string, source: Source, { tables, backups, roleArn, say }: Restoring) {
  const { target: TargetTableName } = source;
  // The key of the one that serves. Where that was deleted, the restored one gets it with the deployment that takes it over.
  const { KMSMasterKeyArn: KMSMasterKeyId } = (await describe(tables, serving))?.SSEDescription ?? {};
  const SSESpecificationOverride =
    KMSMasterKeyId === undefined ? undefined : ({ Enabled: true, SSEType: 'KMS', KMSMasterKeyId } as const);
  const asked = { TargetTableName, SSESpecificationOverride };
  say(
    `Restoring to ${TargetTableName}: minutes to hours. A run that is interrupted is taken up by the next.`,
  );
  if ('time' in source) {
    await checkTime(tables, serving, source.time);
    const at = { SourceTableName: serving, RestoreDateTime: source.time };
    await tables.send(new RestoreTableToPointInTimeCommand({ ...asked, ...at }));
    return undefined;
  }
  if ('dynamoDbBackup' in source) {
    await tables.send(new RestoreTableFromBackupCommand({ ...asked, BackupArn: source.dynamoDbBackup }));
    return undefined;
  }
  if (!('vaultBackup' in source))
    throw new Problem(`There is no table ${TargetTableName}.`, 'Restore it first: TO=<a time, or a backup>');
  if (roleArn === undefined)
    throw new Problem('This environment has no vault of its own.', 'Its tfvars say `backup`; deploy that.');
  const { RestoreJobId: job } = await backups.send(
    new StartRestoreJobCommand({
      ...{ RecoveryPointArn: source.vaultBackup, IamRoleArn: roleArn, IdempotencyToken: TargetTableName },
      // Its keys for DynamoDB: https://docs.aws.amazon.com/aws-backup/latest/devguide/restore-testing-inferred-metadata.html
      Metadata: { targetTableName: TargetTableName, encryptionType: 'Default' },
    }),
  );
  return job;
}

async function refuseFailed(RestoreJobId: string, { backups }: Restoring): Promise<void> {
  const { Status, StatusMessage } = await backups.send(new DescribeRestoreJobCommand({ RestoreJobId }));
  if (Status !== 'FAILED' && Status !== 'ABORTED') return;
  throw new Problem(
    `The restore job ${RestoreJobId} has ended: ${StatusMessage ?? Status}`,
    'See docs/runbook.md, "restore-failed".',
  );
}

/** The times that a table can be restored to. */
export async function readRecovery(
  tables: DynamoDBClient,
  TableName: string,
): Promise<{ from: Date; to: Date }> {
  const { ContinuousBackupsDescription: { PointInTimeRecoveryDescription: recovery } = {} } =
    await tables.send(new DescribeContinuousBackupsCommand({ TableName }));
  const { EarliestRestorableDateTime: from, LatestRestorableDateTime: to } = recovery ?? {};
  if (from !== undefined && to !== undefined) return { from, to };
  throw new Problem(`${TableName} has no point-in-time recovery.`, 'Restore from a backup: TO=<its ARN>');
}

async function checkTime(tables: DynamoDBClient, TableName: string, time: Date): Promise<void> {
  const { from, to } = await readRecovery(tables, TableName);
  // The API tells fractions of a second, and takes whole ones.
  if (time.getTime() >= from.getTime() - 999 && time <= to) return;
  throw new Problem(
    `${TableName} can be restored to each second from ${from.toISOString()} to ${to.toISOString()}, not to ${time.toISOString()}.`,
    'The last five minutes or so come later; what is older is in a backup: TO=<its ARN>.',
  );
}

async function describe(tables: DynamoDBClient, TableName: string): Promise<TableDescription | undefined> {
  try {
    return (await tables.send(new DescribeTableCommand({ TableName }))).Table;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
}

type Item = Readonly<Record<string, AttributeValue>>;

/** Two tables side by side. Keys are those of items, as JSON. */
export interface Comparison {
  /** In words, each way in which keys, indexes and encryption differ; a table with one must not serve. */
  readonly shape: readonly string[];
  readonly restored: Contents;
  readonly serving: Contents;
  /** Restored, and not among what serves. */
  readonly missing: readonly string[];
  /** Serving, and not restored: what was added since. */
  readonly added: readonly string[];
  readonly different: readonly string[];
}

export interface Contents {
  readonly items: number;
  /** Of all items, whatever their order, in hex. */
  readonly hash: string;
}

/** Reads both tables whole. It keeps a digest of each item: some 200 bytes, so 200 MB for a million. */
export async function compare(
  serving: string,
  restored: string,
  { tables, items }: Restoring,
): Promise<Comparison> {
  const [served, made] = await Promise.all([serving, restored].map((name) => describe(tables, name)));
  if (!served || !made)
    throw new Problem(
      `${served ? restored : serving} is gone.`,
      'Nothing here deletes a table. One that is restored can serve: TABLE=… with a deployment.',
    );
  const keys = (made.KeySchema ?? []).map(({ AttributeName: name = '' }) => name);
  const [was, is] = await Promise.all([
    digestItems(items, restored, keys),
    digestItems(items, serving, keys),
  ]);
  const only = (one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>) =>
    [...one.keys()].filter((key) => !other.has(key));
  return {
    shape: compareShapes(made, served),
    restored: contents(was),
    serving: contents(is),
    missing: only(was, is),
    added: only(is, was),
    different: [...was].flatMap(([key, digest]) => (is.has(key) && is.get(key) !== digest ? [key] : [])),
  };
}

async function digestItems(items: DynamoDBClient, TableName: string, keys: readonly string[]) {
  const digests = new Map<string, string>();
  let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
  do {
    const page = await items.send(new ScanCommand({ TableName, ConsistentRead: true, ExclusiveStartKey }));
    for (const item of page.Items ?? []) digests.set(keyOf(item, keys), digest(item));
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey !== undefined);
  return digests;
}

const keyOf = (item: Item, keys: readonly string[]): string =>
  JSON.stringify(Object.fromEntries(keys.map((name) => [name, Object.values(item[name] ?? {})[0]])));

export const digest = (item: Item): string => createHash('sha256').update(canonical(item)).digest('base64');

/** One text for equal items: DynamoDB keeps no order of attributes, nor of a set. */
function canonical(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).map(([name, part]: [string, unknown]) => {
    const isSet = /^[SNB]S$/.test(name) && Array.isArray(part);
    return `${JSON.stringify(name)}:${isSet ? part.map(canonical).sort().join() : canonical(part)}`;
  });
  return `{${fields.sort().join()}}`;
}

function contents(digests: ReadonlyMap<string, string>): Contents {
  const hash = createHash('sha256');
  for (const one of [...digests.values()].sort()) hash.update(one);
  return { items: digests.size, hash: hash.digest('hex') };
}

function compareShapes(restored: TableDescription, serving: TableDescription): readonly string[] {
  const schema = (
    keys: readonly KeySchemaElement[] = [],
    { AttributeDefinitions: types = [] }: TableDescription,
  ) =>
    keys
      .map(
        ({ AttributeName: name, KeyType: kind }) =>
          `${kind} ${name} ${types.find((type) => type.AttributeName === name)?.AttributeType}`,
      )
      .sort()
      .join(', ');
  const parts = (table: TableDescription): ReadonlyMap<string, string> =>
    new Map([
      ['keys', schema(table.KeySchema, table)],
      ...(table.GlobalSecondaryIndexes ?? []).map((index): [string, string] => [
        `index ${index.IndexName}`,
        `${schema(index.KeySchema, table)}, ${index.Projection?.ProjectionType}, ${index.IndexStatus}`,
      ]),
    ]);
  const [one, other] = [parts(restored), parts(serving)];
  return [...new Set([...one.keys(), ...other.keys()])]
    .filter((name) => one.get(name) !== other.get(name))
    .map((name) => `${name}: ${one.get(name) ?? 'none'} restored, ${other.get(name) ?? 'none'} serving`);
}

const shownKeys = 5;

/** For a person, who decides; also what `make evidence` shows. */
export function describeComparison(serving: string, restored: string, found: Comparison): string {
  const row = (...cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
  const some = (keys: readonly string[]): string =>
    `${keys.slice(0, shownKeys).join(', ')}${keys.length > shownKeys ? ', …' : ''}`.replaceAll('|', '\\|');
  return [
    row('', 'restored', 'serving'),
    row('---', '---', '---'),
    row('table', restored, serving),
    row('items', found.restored.items, found.serving.items),
    row('hash of all items', ...[found.restored, found.serving].map(({ hash }) => hash.slice(0, 16))),
    '',
    found.shape.length === 0
      ? 'Keys and indexes are the same.'
      : `They differ, so it must not serve: ${found.shape.join('; ')}`,
    ...(found.restored.hash === found.serving.hash ? ['All items are the same.'] : []),
    ...Object.entries({
      'are restored, and missing from what serves': found.missing,
      'serve, and are not restored': found.added,
      'are in both, and differ': found.different,
    }).flatMap(([what, keys]) => (keys.length === 0 ? [] : [`- ${keys.length} ${what}: ${some(keys)}`])),
  ].join('\n');
}

/** Where a deployment is: its region; of an emulated account also its address, and that of the engine that keeps the items. */
export interface Place {
  readonly region: string;
  readonly endpoint?: string;
  readonly database?: string;
}

export interface Wanted {
  /** Values of `terraform output`. */
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly environment: string;
  readonly to: string;
  /** Folder for the report that `make evidence` reads. */
  readonly reports: string;
}

type Means = Pick<Restoring, 'say' | 'now' | 'lookEveryMs'>;

/** Opens what a restore takes, for some work. */
export async function withRestoring<T>(
  { region, endpoint, database = endpoint }: Place,
  { restore_role_arn: roleArn }: Readonly<Record<string, unknown>>,
  means: Means,
  work: (by: Restoring) => Promise<T>,
): Promise<T> {
  const clients = {
    tables: new DynamoDBClient(clientSettings(endpoint, region)),
    items: new DynamoDBClient(clientSettings(database, region)),
    backups: new BackupClient(clientSettings(endpoint, region)),
  };
  try {
    return await work({ ...clients, ...means, ...(typeof roleArn === 'string' ? { roleArn } : {}) });
  } finally {
    Object.values(clients).forEach((client) => {
      client.destroy();
    });
  }
}

/** Restores and compares. Resolves with whether the restored table may serve. */
export async function runRestore(
  place: Place,
  { outputs, environment, to, reports }: Wanted,
  means: Means,
): Promise<boolean> {
  const [serving, image] = [String(outputs['table_name']), String(outputs['image'])];
  const source = readSource(to, serving);
  const { say, now } = means;
  const startedAt = now();
  return withRestoring(place, outputs, means, async (by) => {
    await restore(serving, source, by);
    const madeAt = now();
    const found = await compare(serving, source.target, by);
    const took = `Restored in ${seconds(madeAt - startedAt)}, compared in ${seconds(now() - madeAt)}.`;
    const told = `${took}\n\n${describeComparison(serving, source.target, found)}\n`;
    await mkdir(reports, { recursive: true });
    const title = `### Restore in ${environment} to ${to}`;
    await writeFile(join(reports, `${source.target}.md`), `${title}\n\n${told}`);
    say(told);
    if (found.shape.length > 0) return false;
    say(`Nothing serves ${source.target} yet, and nothing was deleted. To let it serve, and back:`);
    for (const table of [source.target, serving]) say(`  ${deployment(environment, image, table)}`);
    return true;
  });
}

const deployment = (environment: string, image: string, table: string): string =>
  environment === 'local'
    ? `make deploy-local ARGS="--image ${image} --table ${table}"`
    : `make deploy ENV=${environment} IMAGE=${image} TABLE=${table}`;

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
