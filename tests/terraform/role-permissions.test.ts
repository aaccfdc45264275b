import { expect, test } from '@jest/globals';
import { allowedActions, documentsOf, refusedOperations } from '../support/role-permissions.ts';

const root = 'terraform/bootstrap';

test('what a plan may do lets it draw a secret, and change nothing', async () => {
  const allowed = await allowedActions(root, documentsOf.plan);

  expect(
    refusedOperations(
      [
        'secretsmanager.GetRandomPassword',
        's3.HeadObject',
        'dynamodb.DeleteTable',
        'monitoring.PutDashboard',
      ],
      allowed,
    ),
  ).toEqual(['dynamodb.DeleteTable', 'monitoring.PutDashboard']);
});

test('an operation whose action is taken out of a policy is named', async () => {
  const allowed = await allowedActions(root, documentsOf.apply);
  const fewer = allowed.filter((action) => action !== 'secretsmanager:GetRandomPassword');

  expect(refusedOperations(['secretsmanager.GetRandomPassword'], allowed)).toEqual([]);
  expect(refusedOperations(['secretsmanager.GetRandomPassword'], fewer)).toEqual([
    'secretsmanager.GetRandomPassword',
  ]);
});

test('documents that are not there allow nothing', async () => {
  expect(await allowedActions(root, ['no_document'])).toEqual([]);
});
