import { readFileSync } from 'node:fs';
import { checkPlans } from '../../support/plan/checks.ts';
import { atLeast, exactly, from, oneOf } from '../../../tools/lib/terraform/matchers.ts';

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
      'an index is missing': ({ planned }) => {
        planned('aws_dynamodb_table.main', (after) => after.global_secondary_index.pop());
      },
      'a key has another type': ({ planned }) => {
        planned('aws_dynamodb_table.main', (after) => (after.attribute[0].type = 'B'));
      },
      'an index nobody asked for is paid for': ({ planned }) => {
        planned('aws_dynamodb_table.main', (after) => after.global_secondary_index.push({ name: 'more' }));
      },
    },
  },

  'the table survives mistakes: it can be restored, and is encrypted with a key of its own': {
    holds: (plan) => {
      plan.resource('aws_dynamodb_table', 'main').has({
        billing_mode: 'PAY_PER_REQUEST',
        point_in_time_recovery: { enabled: true, recovery_period_in_days: atLeast(35) },
        server_side_encryption: { enabled: true, kms_key_arn: from('aws_kms_key.table') },
      });
    },
    mistakes: {
      'recovery is off': ({ planned }) => {
        planned('aws_dynamodb_table.main', (after) => (after.point_in_time_recovery[0].enabled = false));
      },
      'it is encrypted with another key': ({ configured }) => {
        configured('aws_dynamodb_table.main', (expressions) => {
          expressions.server_side_encryption[0].kms_key_arn.references = ['aws_kms_key.backup.arn'];
        });
      },
      'capacity is provisioned': ({ planned }) => {
        planned('aws_dynamodb_table.main', (after) => (after.billing_mode = 'PROVISIONED'));
      },
    },
  },

  'production data outlives people: no deletion, and backups under a lock': {
    only: ['prod'],
    holds: (plan) => {
      plan.every('aws_dynamodb_table', { deletion_protection_enabled: true });
      plan.every('aws_backup_vault_lock_configuration', {
        min_retention_days: atLeast(7),
        max_retention_days: atLeast(35),
        changeable_for_days: atLeast(3),
        backup_vault_name: 'movies-api-prod',
      });
      plan.every('aws_backup_vault', { force_destroy: false, kms_key_arn: from('aws_kms_key.backup') });
      // At three each night: minute, hour, and every day of every month.
      plan.every('aws_backup_plan', {
        rule: [
          {
            schedule: /^cron\(\d+ \d+(,\d+)* \* \* \? \*\)$/,
            target_vault_name: 'movies-api-prod',
            lifecycle: { delete_after: atLeast(35) },
          },
        ],
      });
      plan.every('aws_kms_key', { deletion_window_in_days: 30 });
      plan.every('aws_secretsmanager_secret', { recovery_window_in_days: 30 });
      plan.every('aws_backup_selection', { resources: from('aws_dynamodb_table.main') });
      // Each week what was backed up is restored, by a role that writes nothing that serves.
      plan.every('aws_backup_restore_testing_plan', {
        schedule_expression: /^cron\(\d+ \d+ \? \* [A-Z]{3} \*\)$/,
        recovery_point_selection: [
          { algorithm: 'LATEST_WITHIN_WINDOW', include_vaults: from('aws_backup_vault.main') },
        ],
      });
      plan.every('aws_backup_restore_testing_selection', {
        ...{ protected_resource_type: 'DynamoDB', protected_resource_arns: from('aws_dynamodb_table.main') },
        iam_role_arn: from('aws_iam_role.restore'),
      });
    },
    mistakes: {
      'protection is off': ({ planned }) => {
        planned('aws_dynamodb_table.main', (after) => (after.deletion_protection_enabled = false));
      },
      'the lock is gone': ({ remove }) => {
        remove('aws_backup_vault_lock_configuration');
      },
      'backups are kept for a week': ({ planned }) => {
        planned('aws_backup_plan', (after) => (after.rule[0].lifecycle[0].delete_after = 7));
      },
      'a backup is made once a year': ({ planned }) => {
        planned('aws_backup_plan', (after) => (after.rule[0].schedule = 'cron(0 3 1 1 ? *)'));
      },
      'a deleted key is gone in a week': ({ planned }) => {
        planned('aws_kms_key.main', (after) => (after.deletion_window_in_days = 7));
      },
      'no backup is restored as a test': ({ remove }) => {
        remove('aws_backup_restore_testing_selection');
      },
      'backups are restored once a year': ({ planned }) => {
        planned(
          'aws_backup_restore_testing_plan',
          (after) => (after.schedule_expression = 'cron(0 6 1 1 ? *)'),
        );
      },
      'nothing is backed up': ({ remove }) => {
        remove('aws_backup_selection');
      },
    },
  },

  'each key rotates, can be had back for a week, and is called by its own name': {
    holds: (plan) => {
      plan.every('aws_kms_key', { enable_key_rotation: true, deletion_window_in_days: oneOf(7, 30) });
      // A key can't become one of several regions later.
      plan
        .resource('aws_kms_key', 'module.movies_table.aws_kms_key.table')
        .has({ multi_region: true, deletion_window_in_days: 30 });
      plan.resource('aws_kms_alias', 'aws_kms_alias.main').has({ target_key_id: from('aws_kms_key.main') });
      plan
        .resource('aws_kms_alias', 'module.movies_table.aws_kms_alias.table')
        .has({ target_key_id: from('module.movies_table.aws_kms_key.table') });
    },
    mistakes: {
      'one does not': ({ planned }) => {
        planned('module.movies_table.aws_kms_key.table', (after) => (after.enable_key_rotation = false));
      },
    },
  },

  'the cursor keys are in no plan, and there is a slot for the next one': {
    holds: (plan) => {
      for (const slot of ['a', 'b']) {
        const key = plan.resource('aws_secretsmanager_secret_version', `main["${slot}"]`);
        expect(key.values).not.toHaveProperty('secret_string');
        key.has({ secret_string_wo_version: atLeast(1) });
      }
    },
    mistakes: {
      'one is written by value': ({ planned }) => {
        planned('aws_secretsmanager_secret_version.main["b"]', (after) => (after.secret_string = 'hunter2'));
      },
      'the next one would have to take the place of the one that signs': ({ remove }) => {
        remove('aws_secretsmanager_secret_version.main["b"]');
      },
    },
  },
});
