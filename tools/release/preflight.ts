import { DescribeVpcsCommand } from '@aws-sdk/client-ec2';
import { GetRoleCommand } from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { Problem, reasonOf } from '../../app/src/commands/problem.ts';
import { markdownTable } from '../lib/markdown.ts';
import {
  checks,
  explain,
  type Account,
  type Clients,
  type Finding,
  type PreflightOptions,
  type Verdict,
} from './preflight-checks.ts';
import { readSettings, textOf } from './settings.ts';

/** Asks, with the caller's own credentials and changing nothing, whether an environment can be made in this account. */
export async function preflight(options: PreflightOptions): Promise<readonly Finding[]> {
  const settings = await readSettings(options.root, options.environment, options.env);
  const region = textOf(settings('region')) ?? '';
  const name = `${textOf(settings('project')) ?? ''}-${options.environment}`;
  const aws = options.clients(region);
  try {
    const { Account: id = '', Arn: arn = '' } = await aws.sts
      .send(new GetCallerIdentityCommand({}))
      .catch((error: unknown) => {
        throw new Problem(
          `AWS does not say who the caller is: ${reasonOf(error)}`,
          'Sign in (aws sso login) and name the profile in AWS_PROFILE.',
        );
      });
    const isDeployed = await aws.ec2
      .send(new DescribeVpcsCommand({ Filters: [{ Name: 'tag:Name', Values: [name] }] }))
      .then(
        ({ Vpcs = [] }) => Vpcs.length > 0,
        () => false,
      );
    const principal = await principalOf(arn, aws);
    const account: Account = { ...options, settings, region, aws, id, principal, isDeployed };
    const found = await Promise.all(
      Object.entries(checks).map(async ([check, ask]) => {
        const result = await Promise.resolve(account).then(ask).catch(explain);
        return [result].flat().map((one) => ({ check, ...one }));
      }),
    );
    return found.flat();
  } finally {
    for (const client of Object.values(aws)) client.destroy();
  }
}

export function describePreflight(findings: readonly Finding[]): string {
  const rows = findings.map(({ check, verdict, found }) => [check, verdict, found]);
  const remedies = findings.filter(({ remedy }) => remedy !== '');
  const count = (verdict: Verdict): number => findings.filter((one) => one.verdict === verdict).length;
  return [
    markdownTable(['check ', 'verdict ', 'found '], rows),
    '',
    ...remedies.map(({ check, verdict, remedy }) => `${check} (${verdict}): ${remedy}`),
    `${count('ok')} ok, ${count('wrong')} wrong, ${count('not checked')} not checked. Nothing was changed.`,
  ].join('\n');
}

/** A session of a role has an ARN without the role's path; IAM knows the role's own. */
async function principalOf(arn: string, { iam }: Clients): Promise<string | undefined> {
  const [, partition = '', account = '', kind = '', role = ''] =
    /^arn:([^:]+):(?:sts|iam)::(\d+):(root|user|assumed-role|federated-user)\/?([^/]*)/.exec(arn) ?? [];
  if (kind === 'user') return arn;
  if (kind !== 'assumed-role') return undefined;
  const { Role } = await iam.send(new GetRoleCommand({ RoleName: role })).catch(() => ({ Role: undefined }));
  return Role?.Arn ?? `arn:${partition}:iam::${account}:role/${role}`;
}
