import {
  CloudWatchLogsClient,
  DeleteLogGroupCommand,
  paginateDescribeLogGroups,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  DescribeKeyCommand,
  type KeyMetadata,
  KMSClient,
  type KMSClientConfig,
  KMSServiceException,
  ListResourceTagsCommand,
  paginateListKeys,
} from '@aws-sdk/client-kms';
import { paginateListSecrets, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

/** What was destroyed: the service of an environment, or what bootstrap made (`shared`). */
export interface Destroyed {
  readonly project: string;
  readonly environment: string;
  readonly region: string;
  /** Vaults whose lock was in the state, with how long they keep a backup. */
  readonly locks: readonly { readonly vault: string; readonly days: number }[];
}

export type LeftBehindClients = ReturnType<typeof createLeftBehindClients>;

export const createLeftBehindClients = (settings: KMSClientConfig) => ({
  kms: new KMSClient(settings),
  logs: new CloudWatchLogsClient(settings),
  secrets: new SecretsManagerClient(settings),
});

const day = (date: Date | undefined): string =>
  date?.toISOString().slice(0, 10) ?? 'a date that AWS does not tell';

/**
 * What AWS keeps after a destroy, each with the day on which it goes. A log group that Container Insights made again, for the
 * last minute of the cluster, is deleted: it would stop the next deployment.
 */
export async function cleanUp(
  destroyed: Destroyed,
  aws: LeftBehindClients,
  now: Date,
): Promise<readonly string[]> {
  const name = `${destroyed.project}-${destroyed.environment}`;
  return [
    ...(await keysOf(destroyed, aws.kms)),
    ...(await secretsOf(name, aws.secrets)),
    ...(await logGroupsOf(name, aws.logs)),
    ...destroyed.locks.map(
      ({ vault, days }) =>
        `backups in the vault ${vault}: its lock forbids their deletion until ${day(new Date(now.getTime() + days * 86_400_000))} at the latest; billed per GB until then`,
    ),
  ];
}

async function keysOf({ project, environment }: Destroyed, kms: KMSClient): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { Keys = [] } of paginateListKeys({ client: kms }, {}))
    for (const { KeyId } of Keys) {
      const key = await describeKey(kms, KeyId);
      if (key?.KeyState !== 'PendingDeletion') continue;
      const { Tags = [] } = await kms.send(new ListResourceTagsCommand({ KeyId }));
      const has = (tag: string, value: string): boolean =>
        Tags.some(({ TagKey, TagValue }) => TagKey === tag && TagValue === value);
      if (has('project', project) && has('environment', environment))
        found.push(
          `key ${KeyId ?? ''} (${key.Description ?? ''}): gone on ${day(key.DeletionDate)}; not billed`,
        );
    }
  return found;
}

/** Nothing of another environment's key: the role that destroys this one may not look at it. */
const describeKey = (kms: KMSClient, KeyId: string | undefined): Promise<KeyMetadata | undefined> =>
  kms.send(new DescribeKeyCommand({ KeyId })).then(
    ({ KeyMetadata: key }) => key,
    (error: unknown) => {
      if (error instanceof KMSServiceException && error.name === 'AccessDeniedException') return undefined;
      throw error;
    },
  );

async function secretsOf(name: string, secrets: SecretsManagerClient): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { SecretList = [] } of paginateListSecrets(
    { client: secrets },
    { IncludePlannedDeletion: true, Filters: [{ Key: 'name', Values: [`${name}/`] }] },
  ))
    found.push(
      ...SecretList.map(
        ({ Name, DeletedDate }) => `secret ${Name ?? ''}: gone 30 days after ${day(DeletedDate)}; not billed`,
      ),
    );
  return found;
}

async function logGroupsOf(name: string, logs: CloudWatchLogsClient): Promise<readonly string[]> {
  const found: string[] = [];
  for (const logGroupNamePrefix of [
    `/${name}/`,
    `aws-waf-logs-${name}`,
    `/aws/ecs/containerinsights/${name}/`,
  ])
    for await (const { logGroups = [] } of paginateDescribeLogGroups(
      { client: logs },
      { logGroupNamePrefix },
    ))
      for (const { logGroupName = '' } of logGroups) {
        if (!logGroupName.startsWith('/aws/ecs/containerinsights/'))
          found.push(
            `log group ${logGroupName}: billed per GB; aws logs delete-log-group --log-group-name ${logGroupName}`,
          );
        else await logs.send(new DeleteLogGroupCommand({ logGroupName }));
      }
  return found;
}

export const describeLeftBehind = (what: string, left: readonly string[]): string =>
  left.length === 0
    ? `${what} is destroyed; nothing of it is left.`
    : [`${what} is destroyed. AWS keeps:`, ...left.map((line) => `  ${line}`)].join('\n');
