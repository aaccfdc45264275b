import {
  CreateTableCommand,
  waitUntilTableExists,
  type AttributeDefinition,
  type CreateTableCommandInput,
  type DynamoDBClient,
  type KeySchemaElement,
} from '@aws-sdk/client-dynamodb';
import shape from '../../table.json' with { type: 'json' };

interface Key {
  readonly name: string;
  readonly type: string;
}

/** The table of `app/table.json` as CreateTable wants it: what Terraform declares in AWS, for a local engine. */
function tableDefinition(tableName: string): CreateTableCommandInput {
  const indexes = shape.globalSecondaryIndexes;
  const keys = [shape, ...indexes].flatMap(({ hashKey, rangeKey }) => [hashKey, rangeKey]);
  return {
    TableName: tableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [...new Map(keys.map((key) => [key.name, attribute(key)])).values()],
    KeySchema: keySchema(shape.hashKey, shape.rangeKey),
    GlobalSecondaryIndexes: indexes.map((index) => ({
      IndexName: index.name,
      KeySchema: keySchema(index.hashKey, index.rangeKey),
      Projection: { ProjectionType: index.projection === 'ALL' ? 'ALL' : 'KEYS_ONLY' },
    })),
  };
}

/** Creates the table unless it is there, and waits until it is usable (30 s at most). True when it is new. */
export async function ensureTable(client: DynamoDBClient, tableName: string): Promise<boolean> {
  try {
    await client.send(new CreateTableCommand(tableDefinition(tableName)));
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceInUseException') return false;
    throw error;
  }
  await waitUntilTableExists({ client, maxWaitTime: 30, minDelay: 0.05 }, { TableName: tableName });
  return true;
}

const attribute = ({ name, type }: Key): AttributeDefinition => ({
  AttributeName: name,
  AttributeType: type === 'N' ? 'N' : 'S',
});

const keySchema = (hash: Key, range: Key): KeySchemaElement[] => [
  { AttributeName: hash.name, KeyType: 'HASH' },
  { AttributeName: range.name, KeyType: 'RANGE' },
];
