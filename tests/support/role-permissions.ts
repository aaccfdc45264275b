import { resolve } from 'node:path';
import { renderDocuments } from '../../tools/checks/roles/documents.ts';

/**
 * Operations that a policy calls otherwise: https://docs.aws.amazon.com/service-authorization/latest/reference/, Amazon S3 and
 * AWS Budgets. The last two are what the emulator's front takes writing and deleting an object for.
 */
const policyNames: Readonly<Record<string, string>> = {
  's3.GetBucketEncryption': 's3:GetEncryptionConfiguration',
  's3.PutBucketEncryption': 's3:PutEncryptionConfiguration',
  's3.DeleteBucketEncryption': 's3:PutEncryptionConfiguration',
  's3.GetBucketLifecycleConfiguration': 's3:GetLifecycleConfiguration',
  's3.PutBucketLifecycleConfiguration': 's3:PutLifecycleConfiguration',
  's3.DeleteBucketLifecycle': 's3:PutLifecycleConfiguration',
  's3.GetBucketCors': 's3:GetBucketCORS',
  's3.GetBucketReplication': 's3:GetReplicationConfiguration',
  's3.GetBucketAccelerateConfiguration': 's3:GetAccelerateConfiguration',
  's3.GetObjectLockConfiguration': 's3:GetBucketObjectLockConfiguration',
  's3.GetPublicAccessBlock': 's3:GetBucketPublicAccessBlock',
  's3.PutPublicAccessBlock': 's3:PutBucketPublicAccessBlock',
  's3.DeletePublicAccessBlock': 's3:PutBucketPublicAccessBlock',
  's3.DeleteBucketOwnershipControls': 's3:PutBucketOwnershipControls',
  's3.HeadBucket': 's3:ListBucket',
  's3.HeadObject': 's3:GetObject',
  's3.ListObjectsV2': 's3:ListBucket',
  's3.ListObjects': 's3:ListBucket',
  's3.CopyObject': 's3:PutObject',
  's3.AbortMultipartUpload': 's3:DeleteObject',
};

/** The action that allows an operation (`service.Operation`), as `service:Action`. */
export function actionOf(operation: string): string {
  const [service = '', name = ''] = operation.split('.');
  if (service === 'monitoring') return `cloudwatch:${name}`;
  if (service === 'budgets' && !name.includes('Tag'))
    return name.startsWith('Describe') ? 'budgets:ViewBudget' : 'budgets:ModifyBudget';
  return policyNames[operation] ?? `${service}:${name}`;
}

/** What the documents of a role of dev's pipeline allow, whatever the resource. */
export async function allowedActions(role: 'plan' | 'apply'): Promise<readonly string[]> {
  const { roles } = await renderDocuments(resolve(import.meta.dirname, '../..'));
  return (roles[`dev-${role}`]?.identity ?? []).flatMap(({ Statement: statements }) =>
    statements.flatMap(({ Effect: effect, Action: action = [] }) => (effect === 'Allow' ? action : [])),
  );
}

/** Operations that no pattern allows, sorted, each once. AWS compares actions without case. */
export function refusedOperations(
  operations: readonly string[],
  allowed: readonly string[],
): readonly string[] {
  const patterns = allowed.map(
    (pattern) =>
      new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.')}$`, 'i'),
  );
  const isRefused = (operation: string): boolean =>
    !patterns.some((pattern) => pattern.test(actionOf(operation)));
  return [...new Set(operations.filter(isRefused))].sort();
}
