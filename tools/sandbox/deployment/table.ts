import {
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  type TableDescription,
} from '@aws-sdk/client-dynamodb';
import { startEmbeddedDynamoDb } from '../../../app/src/local/embedded-dynamodb.ts';
import { Problem } from '../../../app/src/commands/problem.ts';

export interface Table {
  readonly endpoint: string;
  readonly stop: () => Promise<void>;
}

/**
 * The table that was applied, in an engine that bears traffic: keys, attributes and indexes are read from the control
 * plane. The emulator's own table answers some ten queries a second, and its account stands still meanwhile.
 */
export async function startTable(emulated: DynamoDBClient, name: string, region: string): Promise<Table> {
  const { Table: applied } = await emulated.send(new DescribeTableCommand({ TableName: name }));
  if (!applied) throw new Problem(`There is no table ${name}.`, 'Apply it first: make deploy-local.');
  const engine = await startEmbeddedDynamoDb();
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = new DynamoDBClient({ region, endpoint: engine.endpoint, credentials });
  try {
    await client.send(new CreateTableCommand(shapeOf(applied)));
  } finally {
    client.destroy();
  }
  return engine;
}

function shapeOf(applied: TableDescription): CreateTableCommand['input'] {
  return {
    TableName: applied.TableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: applied.AttributeDefinitions,
    KeySchema: applied.KeySchema,
    GlobalSecondaryIndexes: (applied.GlobalSecondaryIndexes ?? []).map(
      ({ IndexName, KeySchema, Projection }) => ({
        IndexName,
        KeySchema,
        Projection,
      }),
    ),
  };
}
