import { describe, expect, test } from '@jest/globals';
import { startEmbeddedDynamoDb } from '../../../app/src/local/embedded-dynamodb.ts';
import { PreconditionFailed } from '../../../app/src/movies/errors.ts';
import { startDynamoDbLocal } from '../../../tools/sandbox/dynamodb-local.ts';
import { dynamoDbLocal } from '../../support/engines.ts';
import { describeWith } from '../../support/requirements.ts';
import { edits, foreignEdits, foreignItems } from './edits.ts';
import { lists } from './lists.ts';
import { oneMovie } from './one-movie.ts';
import { useRepository } from './repository-context.ts';

describeWith([dynamoDbLocal], "the repository on Amazon's DynamoDB Local", () => {
  const context = useRepository(startDynamoDbLocal);
  oneMovie(context);
  edits(context);
  lists(context);
  foreignItems(context);
  foreignEdits(context);
});

describe('the repository on the embedded DynamoDB', () => {
  const context = useRepository(() => startEmbeddedDynamoDb());
  oneMovie(context);
  edits(context);
  lists(context);
  foreignItems(context);

  // Where the engines differ: to dynalite no map equals another, so nobody can say that such an item is unchanged.
  test('an edit of an item of another writer is refused rather than made blindly', async () => {
    const movie = { year: 1999, title: 'Foreign', info: { rank: 1 } };
    await context.putForeign({
      year: { N: '1999' },
      title: { S: 'Foreign' },
      info: { M: { rank: { N: '1' } } },
    });
    const { revision } = await context.repository.find(movie);

    const why = /this database can't tell whether it is unchanged. Replace it whole: PUT with If-Match: \*/;
    await expect(context.repository.replace(movie, revision)).rejects.toThrow(why);
    await expect(context.repository.remove(movie, revision)).rejects.toThrow(why);
    await expect(context.repository.update(movie, 'any', {})).rejects.toThrow(why);
    await expect(context.repository.replace(movie, 'stale')).rejects.toThrow(PreconditionFailed);
    expect(await context.repository.replace(movie, 'any')).toEqual({ movie, revision });
  });
});
