import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { Problem } from '../../../app/src/commands/problem.ts';

/** Where a secret is, as `valueFrom` of a container definition says it. */
export interface SecretReference {
  readonly arn: string;
  readonly jsonKey: string | undefined;
  readonly stage: string | undefined;
  readonly version: string | undefined;
}

/**
 * `arn:aws:secretsmanager:<region>:<account>:secret:<name>[:<json key>:<stage>:<version>]`
 * (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html)
 */
export function readReference(valueFrom: string): SecretReference {
  const parts = valueFrom.split(':');
  const [jsonKey, stage, version] = parts.slice(7).map((part) => (part === '' ? undefined : part));
  return { arn: parts.slice(0, 7).join(':'), jsonKey, stage, version };
}

/** The values of secrets by variable. Rejects with the variable's name, never with a value. */
export async function readSecrets(
  client: SecretsManagerClient,
  references: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  const values = Object.entries(references).map(async ([variable, valueFrom]) => {
    const { arn, jsonKey, stage, version } = readReference(valueFrom);
    const { SecretString: secret } = await client.send(
      new GetSecretValueCommand({ SecretId: arn, VersionId: version, VersionStage: stage }),
    );
    const value = secret !== undefined && jsonKey !== undefined ? field(secret, jsonKey) : secret;
    if (value === undefined)
      throw new Problem(`The secret of ${variable} has no value.`, `See ${arn} in the account.`);
    return [variable, value] as const;
  });
  return Object.fromEntries(await Promise.all(values));
}

function field(secret: string, key: string): string | undefined {
  const values: unknown = JSON.parse(secret);
  const value: unknown = typeof values === 'object' && values !== null ? Reflect.get(values, key) : undefined;
  return typeof value === 'string' ? value : undefined;
}
