import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { startEmbeddedDynamoDb } from '../../../app/src/local/embedded-dynamodb.ts';
import { isList, isObject } from '../../../tools/lib/terraform/plan-json.ts';
import type { Plan } from '../../../tools/lib/terraform/plan.ts';
import { useRepository } from '../../app/contract/repository-context.ts';
import { aMovie } from '../../support/movies.ts';
import { checkPlans } from '../../support/plan/checks.ts';

/** Which database actions the role of the tasks allows, by their API names. */
function allowedActions(plan: Plan): readonly string[] {
  const { values } = plan.resource('aws_iam_policy_document', 'task');
  const statements = isObject(values) && isList(values['statement']) ? values['statement'] : [];
  const actions = statements.filter(isObject).flatMap(({ actions: list }) => (isList(list) ? list : []));
  const names = actions
    .filter((action) => typeof action === 'string')
    .filter((action) => action.startsWith('dynamodb:'));
  return [...new Set(names.map((action) => action.slice('dynamodb:'.length)))].sort();
}

/** Which commands of the SDK the service can send, from its source; the loader and local tooling have no task role. */
function commandsInSource(): readonly string[] {
  const files = readdirSync('app/src', { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !/^(commands|local)\//.test(path))
    .map((path) => readFileSync(join('app/src', path), 'utf8'))
    .filter((source) => source.includes("'@aws-sdk/client-dynamodb'"));
  const names = files.flatMap((source) =>
    [...source.matchAll(/\bnew (\w+)Command\(/g)].map(([, name]) => name ?? ''),
  );
  return [...new Set(names)].sort();
}

describe('the role of the tasks and the code agree', () => {
  const context = useRepository(() => startEmbeddedDynamoDb());

  test('every command in the source is really sent, and no other', async () => {
    const { repository, calls } = context;

    const { movie, revision } = await repository.create(aMovie());
    await repository.find(movie);
    await Promise.all([repository.find(movie), repository.find(movie)]);
    await repository.list({ year: movie.year }, 20);
    await repository.list({}, 20);
    await repository.update(movie, revision, { rank: 1 });
    await repository.replace(movie, 'any');
    await repository.ready();
    await repository.remove(movie, 'any');

    expect([...new Set(calls.map(({ operation }) => operation))].sort()).toEqual(commandsInSource());
  });
});

checkPlans({
  'the role allows exactly the commands in the source': {
    holds: (plan) => {
      expect(allowedActions(plan)).toEqual(commandsInSource());
    },
    mistakes: {
      'one too many': ({ planned }) =>
        planned('data.aws_iam_policy_document.task', (after) =>
          after.statement[0].actions.push('dynamodb:DescribeTable'),
        ),
      'one too few': ({ planned }) =>
        planned('data.aws_iam_policy_document.task', (after) => after.statement[0].actions.shift()),
    },
  },
});
