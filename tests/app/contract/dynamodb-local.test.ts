import { startDynamoDbLocal } from '../../../tools/sandbox/dynamodb-local.ts';
import { dynamoDbLocal } from '../../support/dynamodb-local.ts';
import { describeWith } from '../../support/requirements.ts';
import { edits } from './edits.ts';
import { foreignEdits, foreignItems } from './foreign-items.ts';
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
