import { readFile } from 'node:fs/promises';
import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  type KeySchemaElement,
  type TableDescription,
} from '@aws-sdk/client-dynamodb';
import { DescribeKeyCommand, GetKeyRotationStatusCommand } from '@aws-sdk/client-kms';
import { expect } from '@jest/globals';
import { askDynamoDb, askKms } from '../aws.ts';
import type { Deployment } from '../deployment.ts';
import type { ProbeGroup } from '../probe.ts';

interface Key {
  readonly name: string;
  readonly type: string;
}
interface Declaration {
  readonly hashKey: Key;
  readonly rangeKey: Key;
  readonly globalSecondaryIndexes: readonly {
    readonly name: string;
    readonly hashKey: Key;
    readonly rangeKey: Key;
    readonly projection: string;
  }[];
}

const declarationFile = new URL('../../../app/table.json', import.meta.url);

async function describeTable(deployment: Deployment): Promise<TableDescription> {
  const { tableName: TableName } = deployment.outputs;
  const { Table: table } = await askDynamoDb(deployment, (db) =>
    db.send(new DescribeTableCommand({ TableName })),
  );
  if (!table) throw new Error(`there is no table ${TableName}`);
  return table;
}

export async function checkKeysAndIndexes(deployment: Deployment): Promise<void> {
  const declared = JSON.parse(await readFile(declarationFile, 'utf8')) as Declaration;
  const table = await describeTable(deployment);

  const typeOf = new Map(
    table.AttributeDefinitions?.map(({ AttributeName, AttributeType }) => [AttributeName, AttributeType]),
  );
  const keys = (schema: readonly KeySchemaElement[] = []) => {
    const key = (kind: string) => {
      const name = schema.find(({ KeyType }) => KeyType === kind)?.AttributeName;
      return { name, type: typeOf.get(name) };
    };
    return { hashKey: key('HASH'), rangeKey: key('RANGE') };
  };
  const indexes = (table.GlobalSecondaryIndexes ?? []).map(({ IndexName, KeySchema, Projection }) => ({
    name: IndexName,
    ...keys(KeySchema),
    projection: Projection?.ProjectionType,
  }));

  expect({ ...keys(table.KeySchema), globalSecondaryIndexes: indexes.sort(byName) }).toEqual({
    ...declared,
    globalSecondaryIndexes: [...declared.globalSecondaryIndexes].sort(byName),
  });
}

const byName = (one: { name: string | undefined }, other: { name: string | undefined }): number =>
  String(one.name).localeCompare(String(other.name));

export async function checkRecovery(deployment: Deployment): Promise<void> {
  const { tableName: TableName } = deployment.outputs;

  const { ContinuousBackupsDescription: backups } = await askDynamoDb(deployment, (db) =>
    db.send(new DescribeContinuousBackupsCommand({ TableName })),
  );

  expect(backups?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus).toBe('ENABLED');
}

export async function checkDeletionProtection(deployment: Deployment): Promise<void> {
  const { DeletionProtectionEnabled: isProtected } = await describeTable(deployment);

  expect({ isProtected }).toEqual({ isProtected: deployment.environment === 'prod' });
}

export async function checkTableKey(deployment: Deployment): Promise<void> {
  const { SSEDescription: encryption } = await describeTable(deployment);
  const KeyId = encryption?.KMSMasterKeyArn;
  if (KeyId === undefined) throw new Error('the table is encrypted with a key that AWS owns');
  const [key, rotation] = await askKms(deployment, (kms) =>
    Promise.all([
      kms.send(new DescribeKeyCommand({ KeyId })),
      kms.send(new GetKeyRotationStatusCommand({ KeyId })),
    ]),
  );

  expect({
    type: encryption?.SSEType,
    manager: key.KeyMetadata?.KeyManager,
    state: key.KeyMetadata?.KeyState,
    rotates: rotation.KeyRotationEnabled,
  }).toEqual({ type: 'KMS', manager: 'CUSTOMER', state: 'Enabled', rotates: true });
}

export const tableProbes: ProbeGroup = {
  name: 'the table',
  probes: {
    'has the keys and indexes that app/table.json declares': checkKeysAndIndexes,
    'can be restored to any second': checkRecovery,
    'is protected from deletion in prod, and only there': checkDeletionProtection,
    'is encrypted with a key of ours, which rotates': checkTableKey,
  },
};
