import {
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
  UpdateTableCommand,
  type AttributeValue,
  type PutItemCommandInput,
} from '@aws-sdk/client-dynamodb';

/** What differs, or could, between DynamoDB and the engines that stand for it, and what of ours depends on it. */
export interface Behaviour {
  readonly name: string;
  /** As AWS documents it; `not documented` where no page was found. */
  readonly aws: string;
  readonly reliedOnBy: string;
  readonly observe: (table: Table) => Promise<string>;
}

export interface Table {
  readonly client: DynamoDBClient;
  readonly name: string;
  readonly put: (item: Item, more?: Partial<PutItemCommandInput>) => Promise<string>;
  readonly get: (title: string) => Promise<Item>;
}

type Item = Readonly<Record<string, AttributeValue>>;
const year = { N: '1994' };
const key = (title: string) => ({ year, title: { S: title } });

/** A fresh table with the form of ours. */
export async function createEngineTable(endpoint: string, name: string): Promise<Table> {
  const client = new DynamoDBClient({
    endpoint,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  });
  await client.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'year', KeyType: 'HASH' },
        { AttributeName: 'title', KeyType: 'RANGE' },
      ],
      AttributeDefinitions: [
        { AttributeName: 'year', AttributeType: 'N' },
        { AttributeName: 'title', AttributeType: 'S' },
        { AttributeName: 'rating', AttributeType: 'N' },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'year-rating',
          KeySchema: [
            { AttributeName: 'year', KeyType: 'HASH' },
            { AttributeName: 'rating', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
    }),
  );
  for (;;) {
    const { Table: described } = await client.send(new DescribeTableCommand({ TableName: name }));
    if (described?.TableStatus === 'ACTIVE') break;
  }
  return {
    client,
    name,
    put: (item, more = {}) =>
      outcome(client.send(new PutItemCommand({ TableName: name, Item: { ...item }, ...more }))),
    get: async (title) =>
      (await client.send(new GetItemCommand({ TableName: name, Key: key(title) }))).Item ?? {},
  };
}

const outcome = (sending: Promise<unknown>): Promise<string> =>
  sending.then(
    () => 'stored',
    (error: unknown) => (error instanceof Error ? error.name : String(error)),
  );

const holds = async ({ put }: Table, title: string, stored: AttributeValue, asked: AttributeValue) => {
  await put({ ...key(title), value: stored });
  const said = await put(
    { ...key(title), value: stored },
    {
      ConditionExpression: '#v = :v',
      ExpressionAttributeNames: { '#v': 'value' },
      ExpressionAttributeValues: { ':v': asked },
    },
  );
  return said === 'stored' ? 'equal' : 'not equal';
};

export const behaviours: readonly Behaviour[] = [
  {
    name: 'number forms 1E3, 0.10, -0',
    aws: 'leading and trailing zeros are trimmed',
    reliedOnBy: 'app/movies/movie-item',
    observe: async ({ put, get }) => {
      await put({ ...key('numbers'), a: { N: '1E3' }, b: { N: '0.10' }, c: { N: '-0' } });
      const { a, b, c } = await get('numbers');
      return [a?.N, b?.N, c?.N].join(', ');
    },
  },
  {
    name: 'a number of 39 digits',
    aws: 'refused: 38 digits',
    reliedOnBy: 'app/commands/load',
    observe: ({ put }) => put({ ...key('digits'), a: { N: '1'.repeat(39) } }),
  },
  {
    name: 'an empty text, an empty set',
    aws: 'stored; refused',
    reliedOnBy: 'app/contract/edits',
    observe: async ({ put }) =>
      `${await put({ ...key('empty'), a: { S: '' } })}; ${await put({ ...key('empty'), a: { SS: [] } })}`,
  },
  {
    name: 'the order of a set c, a, b',
    aws: 'not kept',
    reliedOnBy: 'app/contract/edits',
    observe: async ({ put, get }) => {
      await put({ ...key('set'), a: { SS: ['c', 'a', 'b'] } });
      return (await get('set'))['a']?.SS?.join(', ') ?? '';
    },
  },
  {
    name: 'two equal maps, and sets in another order',
    aws: 'equal; equal',
    reliedOnBy: 'app/contract/edits',
    observe: async (table) => {
      const map = { M: { rating: { N: '8.30' } } };
      const maps = await holds(table, 'map', map, { M: { rating: { N: '8.3' } } });
      return `${maps}; ${await holds(table, 'sets', { SS: ['a', 'b'] }, { SS: ['b', 'a'] })}`;
    },
  },
  {
    name: 'a failed condition with ALL_OLD',
    aws: 'the error carries the item',
    reliedOnBy: 'app/contract/edits',
    observe: async ({ client, name, put }) => {
      await put(key('condition'));
      const command = new PutItemCommand({
        TableName: name,
        Item: key('condition'),
        ConditionExpression: 'attribute_not_exists(title)',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      });
      return client.send(command).then(
        () => 'stored',
        (error: unknown) =>
          error instanceof ConditionalCheckFailedException
            ? `${error.name}, ${error.Item === undefined ? 'no item' : 'the item'}`
            : String(error),
      );
    },
  },
  {
    name: 'a page of exactly all three items',
    aws: 'a last key may lead to an empty page',
    reliedOnBy: 'app/contract/lists',
    observe: async ({ client, name, put }) => {
      for (const title of ['b', 'a', 'c'])
        await put({ year: { N: '2001' }, title: { S: title }, rating: { N: '7' } });
      const page = await client.send(
        new QueryCommand({
          TableName: name,
          Limit: 3,
          KeyConditionExpression: '#y = :y',
          ExpressionAttributeNames: { '#y': 'year' },
          ExpressionAttributeValues: { ':y': { N: '2001' } },
        }),
      );
      return page.LastEvaluatedKey === undefined ? 'no last key' : 'a last key';
    },
  },
  {
    name: 'a batch of two items and a missing one, consistent',
    aws: 'two items in any order, 1 unit for each key',
    reliedOnBy: 'app/contract/one-movie',
    observe: async ({ client, name, put }) => {
      for (const title of ['ü', 'b']) await put(key(title));
      const { Responses, UnprocessedKeys, ConsumedCapacity } = await client.send(
        new BatchGetItemCommand({
          ReturnConsumedCapacity: 'TOTAL',
          RequestItems: { [name]: { ConsistentRead: true, Keys: ['ü', 'none', 'b'].map(key) } },
        }),
      );
      // They come in any order, also from one engine.
      const titles =
        Responses?.[name]
          ?.map(({ title }) => title?.S ?? '')
          .toSorted()
          .join(', ') ?? '';
      const [used] = ConsumedCapacity ?? [];
      return `${titles}; ${Object.keys(UnprocessedKeys ?? {}).length} left; ${used?.CapacityUnits ?? 'no'} units`;
    },
  },
  {
    name: 'the order of a, b, c with one index key',
    aws: 'not documented',
    reliedOnBy: 'app/contract/lists',
    observe: async ({ client, name, put }) => {
      for (const title of ['b', 'a', 'c'])
        await put({ year: { N: '2002' }, title: { S: title }, rating: { N: '7' } });
      const { Items = [] } = await client.send(
        new QueryCommand({
          TableName: name,
          IndexName: 'year-rating',
          KeyConditionExpression: '#y = :y',
          ExpressionAttributeNames: { '#y': 'year' },
          ExpressionAttributeValues: { ':y': { N: '2002' } },
        }),
      );
      return Items.map(({ title }) => title?.S).join(', ');
    },
  },
  {
    name: 'an index key of another type, put and updated',
    aws: 'refused; refused',
    reliedOnBy: 'app/contract/edits',
    observe: async ({ client, name, put }) => {
      const wrong = await put({ ...key('type'), rating: { S: 'good' } });
      await put({ ...key('type'), rating: { N: '7' } });
      const update = new UpdateItemCommand({
        TableName: name,
        Key: key('type'),
        UpdateExpression: 'SET rating = :r',
        ExpressionAttributeValues: { ':r': { S: 'good' } },
      });
      return `${wrong}; ${await outcome(client.send(update))}`;
    },
  },
  {
    name: 'capacity of a write that is new in one index',
    aws: 'table 1, index 1',
    reliedOnBy: 'app/contract/read-cost',
    observe: async ({ client, name }) => {
      const { ConsumedCapacity: used } = await client.send(
        new PutItemCommand({
          TableName: name,
          Item: { ...key('capacity'), rating: { N: '7' } },
          ReturnConsumedCapacity: 'INDEXES',
        }),
      );
      const index = used?.GlobalSecondaryIndexes?.['year-rating']?.CapacityUnits;
      return `table ${used?.Table?.CapacityUnits ?? 'not said'}, index ${index ?? 'not said'}`;
    },
  },
  {
    name: 'an item of 410 kB',
    aws: 'refused: 400 kB',
    reliedOnBy: 'app/contract/one-movie',
    observe: ({ put }) => put({ ...key('size'), a: { S: 'x'.repeat(410 * 1_024) } }),
  },
  {
    name: 'UpdateTable adds an index',
    aws: 'the index is made while the table serves',
    reliedOnBy: 'app/database-changes',
    observe: ({ client, name }) =>
      outcome(
        client.send(
          new UpdateTableCommand({
            TableName: name,
            AttributeDefinitions: [
              { AttributeName: 'title', AttributeType: 'S' },
              { AttributeName: 'year', AttributeType: 'N' },
              { AttributeName: 'rating', AttributeType: 'N' },
            ],
            GlobalSecondaryIndexUpdates: [
              {
                Create: {
                  IndexName: 'title-year',
                  KeySchema: [
                    { AttributeName: 'title', KeyType: 'HASH' },
                    { AttributeName: 'year', KeyType: 'RANGE' },
                  ],
                  Projection: { ProjectionType: 'ALL' },
                },
              },
            ],
          }),
        ),
      ).then((said) => (said === 'stored' ? 'made' : said)),
  },
];
