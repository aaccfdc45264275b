import { Problem } from '../../../app/src/commands/problem.ts';
import { markdownTable } from '../../lib/markdown.ts';
import { type Definition, textOf } from '../../lib/pipeline-definition.ts';
import { bitbucket, environments, type Documents } from './documents.ts';

/** Environments of Bitbucket, with the UUID that bootstrap is told, and the setting that tells it. */
const uuids = [
  { name: 'build', uuid: bitbucket.build_uuid, setting: 'build_uuid' },
  ...environments.flatMap((name) => [
    {
      name: `${name}-plan`,
      uuid: bitbucket.environments[name].plan_uuid,
      setting: `environments.${name}.plan_uuid`,
    },
    { name, uuid: bitbucket.environments[name].apply_uuid, setting: `environments.${name}.apply_uuid` },
  ]),
];

/**
 * What each environment of Bitbucket has to be restricted to, as a Markdown table: AWS tells environments apart, and nothing
 * else of a token; which branch and who may use one is Bitbucket's to keep. Throws where a trust policy lets in anything else
 * than one of these environments, or where the pipeline deploys to another one.
 */
export function describeEnvironments({ roles, project }: Documents, { steps }: Definition): string {
  const trusted = Object.entries(roles)
    .filter(([, { arn }]) => arn.includes(':role/pipeline/'))
    .map(([role, { trust }]) => {
      const subjects = trust.Statement.flatMap(({ Condition: conditions = {} }) =>
        Object.entries(conditions['StringLike'] ?? {})
          .filter(([key]) => key.endsWith(':sub'))
          .flatMap(([, value]) => value),
      );
      const environment = uuids.find(
        ({ uuid }) => subjects.join() === `{${bitbucket.repository_uuid}}:{${uuid}}:*`,
      );
      if (environment === undefined || trust.Statement.length !== 1)
        throw new Problem(
          `The role ${role} trusts ${subjects.join(' and ') || 'whoever comes'}, which is no single environment of Bitbucket.`,
          'Mend data.aws_iam_policy_document.trust in terraform/bootstrap/roles.tf.',
        );
      return { role, ...environment };
    });
  const deployments = new Set(steps.flatMap(({ settings }) => textOf(settings['deployment']) ?? []));
  const unknown = [...deployments].filter((name) => !trusted.some((one) => one.name === name));
  if (unknown.length > 0)
    throw new Problem(
      `The pipeline deploys to ${unknown.join(', ')}, which no role trusts.`,
      'Use an environment of terraform/bootstrap, or add a role there.',
    );
  const rows = trusted
    .toSorted(
      (a, b) =>
        uuids.findIndex(({ name }) => name === a.name) - uuids.findIndex(({ name }) => name === b.name),
    )
    .map(({ name, role, setting }) => [
      `☐ \`${name}\``,
      '`main` only',
      // Of all that apply, prod alone waits for a person: who may start its step decides who may change it.
      name === 'prod' ? 'admins only' : 'no limit',
      `\`${project}-${role}\``,
      `\`${setting}\``,
      pipelinesOf(name, steps),
    ]);
  return markdownTable(
    [
      'Environment ',
      'Branches ',
      'Deployers ',
      'Role that trusts it ',
      'In `bitbucket` of bootstrap ',
      'Used by ',
    ],
    rows,
  );
}

const pipelinesOf = (environment: string, steps: Definition['steps']): string =>
  [
    ...new Set(
      steps
        .filter(({ settings }) => settings['deployment'] === environment)
        .map(({ pipeline }) => pipeline.replace(/^(branches|custom)\//, '')),
    ),
  ].join(', ');
