import { readFileSync } from 'node:fs';
import { checkPlans } from '../../support/plan/checks.ts';
import { exactly } from '../../../tools/lib/terraform/matchers.ts';

interface Key {
  readonly name: string;
  readonly type: string;
}
interface TableDeclaration {
  readonly hashKey: Key;
  readonly rangeKey: Key;
  readonly globalSecondaryIndexes: readonly {
    readonly name: string;
    readonly hashKey: Key;
    readonly rangeKey: Key;
    readonly projection: string;
  }[];
}

const declared = JSON.parse(readFileSync('app/table.json', 'utf8')) as TableDeclaration;
const keys = [declared, ...declared.globalSecondaryIndexes].flatMap(({ hashKey, rangeKey }) => [
  hashKey,
  rangeKey,
]);
const attributes = [...new Map(keys.map((key) => [key.name, { name: key.name, type: key.type }])).values()];

checkPlans({
  'the table is what the service declares': {
    holds: (plan) => {
      plan.resource('aws_dynamodb_table', 'main').has({
        hash_key: declared.hashKey.name,
        range_key: declared.rangeKey.name,
        attribute: exactly(...attributes),
        global_secondary_index: exactly(
          ...declared.globalSecondaryIndexes.map(({ name, hashKey, rangeKey, projection }) => ({
            name,
            hash_key: hashKey.name,
            range_key: rangeKey.name,
            projection_type: projection,
          })),
        ),
      });
    },
    mistakes: {
      'an index nobody asked for is paid for': ({ planned }) =>
        planned('aws_dynamodb_table.main', (after) => after.global_secondary_index.push({ name: 'more' })),
    },
  },
});
