import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from '@cdktn/hcl2json';

interface Statement {
  readonly effect?: string;
  readonly actions?: readonly string[];
}
type Documents = Record<string, readonly { readonly statement?: readonly Statement[] }[]>;

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

/** The documents that a role of the pipeline has, by the role that the emulator counts calls of. */
export const documentsOf = {
  plan: ['read', 'plan_state'],
  apply: [
    ...['read', 'apply_state', 'apply_network', 'apply_edge', 'apply_data'],
    ...['apply_service', 'apply_identity', 'apply_watch'],
  ],
} as const;

/** What the named policy documents of a root allow, whatever the resource: patterns such as `ec2:Describe*`. */
export async function allowedActions(root: string, documents: readonly string[]): Promise<readonly string[]> {
  const allowed: string[] = [];
  for (const file of readdirSync(root).filter((name) => name.endsWith('.tf'))) {
    // The shape is hcl2json's; what isn't there is missed below, by name.
    const { data } = (await parse(file, readFileSync(join(root, file), 'utf8'))) as {
      data?: { aws_iam_policy_document?: Documents };
    };
    for (const [name, [document]] of Object.entries(data?.aws_iam_policy_document ?? {})) {
      if (!documents.includes(name)) continue;
      for (const { effect = 'Allow', actions = [] } of document?.statement ?? [])
        // A reference to a local is a string here; those documents are asked for by nobody.
        if (effect === 'Allow' && typeof actions !== 'string') allowed.push(...actions);
    }
  }
  return allowed;
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
