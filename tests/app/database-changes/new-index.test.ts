import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { QueryCommand } from '@aws-sdk/client-dynamodb';
import { createDynamoRepository } from '../../../app/src/dynamo/repository.ts';
import { dynamoDbLocal } from '../../support/engines.ts';
import { aMovie } from '../../support/movies.ts';
import { describeWith } from '../../support/requirements.ts';
import { newIndex } from './releases/declarations.ts';
import { startWorld, type World } from './world.ts';

jest.setTimeout(240_000);

describeWith([dynamoDbLocal], 'an index that is added to a table in use', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ slowIndexes: true });
  });
  afterAll(() => world.stop());

  test('refuses queries until it is ACTIVE, while the table and its other indexes serve', async () => {
    const table = await world.newTable();
    const repository = createDynamoRepository({ client: world.client, tableName: table, deadlineMs: 20_000 });
    const query = () =>
      world.client.send(
        new QueryCommand({
          TableName: table,
          IndexName: newIndex.name,
          KeyConditionExpression: 'decade = :decade',
          ExpressionAttributeValues: { ':decade': { N: '2010' } },
        }),
      );
    await world.addIndex(table);

    expect(await world.indexStatus(table)).toBe('CREATING');
    // AWS names the reason, this engine does not: either way there is no answer, not one with a part of the movies.
    await expect(query()).rejects.toMatchObject({ $fault: expect.any(String) });
    await repository.create(aMovie());
    expect((await repository.list({ year: 2013, sort: 'rating' }, 10)).movies).toEqual([aMovie()]);
    expect(await world.indexStatus(table)).toBe('CREATING');

    await world.indexIsActive(table);
    await expect(query()).resolves.toMatchObject({ Count: 0 });
  });
});
