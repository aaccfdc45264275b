import { readFile } from 'node:fs/promises';
import { Misuse, textOf } from '../../../app/src/commands/problem.ts';
import type { Reference } from '../../lib/iam-evaluator.ts';
import { settingsOf } from '../../lib/pipeline-definition.ts';
import { output } from '../../lib/processes.ts';
import { pythonEnvironment } from '../../install/python/environment.ts';
import {
  account,
  arnOf,
  arns,
  bitbucket,
  environments,
  gather,
  renderDocuments,
  type Document,
  type Documents,
  type Resource,
  type Statement,
} from './documents.ts';
import { contextOf, type Request } from './requests.ts';
import { mayMatch } from './statements.ts';

/** An applied account, in the words of the rendered documents: their account, their keys, their pipeline. */
export interface Account {
  readonly documents: Documents;
  /** What the roots say for an account that was told the same of the pipeline. */
  readonly rendered: Documents;
  readonly resources: readonly Named[];
  readonly calls: readonly Call[];
}
/** What a call to the emulator named, by who made it. */
export interface Call {
  readonly caller: string;
  /** `service.Operation` */
  readonly action: string;
  readonly given: Readonly<Record<string, string>>;
  readonly made: readonly string[];
}
/** A resource, and the environment whose state tells of it. */
type Named = Resource & { readonly environment: string };
type Held = Omit<Resource, 'address'>;
interface Dump {
  readonly account: string;
  readonly held: readonly Held[];
  readonly resources: readonly Named[];
  readonly requests: readonly Call[];
}

/** What the account holds that the caller's credentials are of, as JSON. */
export async function dumpAccount(): Promise<string> {
  const { program } = await pythonEnvironment('moto', console.error);
  return output(program('python3'), [`${import.meta.dirname}/dump.py`], {});
}

/**
 * Reads what `dumpAccount` wrote.
 *
 * @param file of what the account held, and what was asked
 * @param later of the same account, in order: such as after a destroy, whose calls name what the first one tells of
 * @param trusted the variable `bitbucket` that bootstrap was applied with
 */
export async function readAccount(
  project: string,
  [file = '', ...later]: readonly string[],
  trusted: string | undefined,
): Promise<Account> {
  if (trusted === undefined)
    throw new Misuse(
      'What the account was told of the pipeline is not known.',
      'Set TF_VAR_bitbucket as for `make bootstrap`.',
    );
  const pairs: (readonly [string, string])[] = [];
  const told = alike(bitbucket, JSON.parse(trusted), pairs);
  const first = await readDump(file);
  const dumps = [first, ...(await Promise.all(later.map(readDump)))];
  const resources = dumps.flatMap((dump) => dump.resources);
  const { account: id, held, requests } = { ...first, requests: dumps.at(-1)?.requests ?? [] };
  const text = JSON.stringify({ account: id, held, resources, requests });
  for (const resource of resources) {
    const { arn } = resource.values;
    if (typeof arn === 'string' && resource.type in arns)
      pairs.push([arn, arnOf(resource, resource.environment)]);
  }
  const known = new Set(pairs.map(([arn]) => arn));
  for (const { type, values } of held)
    if (type === 'aws_kms_key' && !known.has(textOf(values, 'arn')))
      pairs.push([
        textOf(values, 'arn'),
        `arn:aws:kms:${textOf(values, 'arn').split(':')[3] ?? ''}:${account}:key/${textOf(values, 'alias').replace('alias/movies-api-', '')}`,
      ]);
  // The longest first: an ARN before what is in it.
  const words = [...pairs, [id, account] as const].toSorted(([a], [b]) => b.length - a.length);
  const dump = JSON.parse(words.reduce((all, [theirs, ours]) => all.replaceAll(theirs, ours), text)) as Dump;
  const applied = dump.resources.map(({ environment }) => environment);
  return {
    documents: gather([
      ...dump.held.filter(isOwn),
      { mode: 'managed', type: 'aws_ecr_repository', values: { name: 'movies-api' } },
    ]),
    rendered: await renderDocuments(project, told, applied),
    // What bootstrap made is known by what the account holds.
    resources: [
      ...dump.resources,
      ...dump.held
        .filter(({ values }) => !dump.resources.some((one) => one.values['arn'] === values['arn']))
        .map((one) => ({ ...one, address: one.type, environment: '' })),
    ],
    calls: dump.requests,
  };
}

const readDump = async (file: string): Promise<Dump> => JSON.parse(await readFile(file, 'utf8')) as Dump;

/** Others may live in the account, too. */
const isOwn = ({ values }: Held): boolean =>
  /\bmovies-api|^alias\/movies-api/.test(
    String(
      values['name'] ??
        values['role'] ??
        values['alias'] ??
        values['bucket'] ??
        values['policy_name'] ??
        values['arn'],
    ),
  );

/** Of what documents are made for, what an account was told, too; `pairs` gets what each is called there and here. */
function alike(ours: unknown, theirs: unknown, pairs: (readonly [string, string])[]): unknown {
  if (typeof ours === 'string' && typeof theirs === 'string') {
    pairs.push([theirs, ours]);
    return ours;
  }
  const given = new Map(Object.entries(settingsOf(theirs)));
  return Object.fromEntries(
    Object.entries(settingsOf(ours)).flatMap(([name, value]) =>
      (given.get(name) ?? undefined) === undefined ? [] : [[name, alike(value, given.get(name), pairs)]],
    ),
  );
}

/** What the account or the documents have, and the other has not, or has otherwise: a line for each role, policy or statement. */
export function compareAccount({
  documents,
  rendered,
}: Pick<Account, 'documents' | 'rendered'>): readonly string[] {
  const [there, here] = [documents, rendered].map(statementsOf);
  if (there === undefined || here === undefined) return [];
  const only = (all: ReadonlySet<string>, other: ReadonlySet<string>, where: string): readonly string[] =>
    [...all].filter((one) => !other.has(one)).map((one) => `${one}: ${where} alone`);
  return [...only(there, here, 'in the account'), ...only(here, there, 'in the documents')].sort();
}

function statementsOf({ roles, keys, buckets, topics, logs }: Documents): ReadonlySet<string> {
  const of = (name: string, document: Document | null): readonly string[] => [
    name,
    ...(document?.Statement ?? []).map(
      (statement) => `${name}, ${statement.Sid ?? ''}: ${written(statement)}`,
    ),
  ];
  return new Set([
    ...Object.entries(roles).flatMap(([name, { arn, identity, boundary, trust, maxSessionSeconds }]) => [
      `role ${name} ${arn} for ${maxSessionSeconds} s`,
      ...identity.flatMap((one) => of(`role ${name}`, one)),
      ...(boundary === null ? [] : of(`boundary of ${name}`, boundary)),
      ...of(`trust of ${name}`, trust),
    ]),
    ...Object.entries({ keys, buckets, topics, logs }).flatMap(([kind, held]) =>
      Object.entries(held).flatMap(([name, { policy }]) => of(`${kind} ${name}`, policy)),
    ),
  ]);
}

/** A statement with lists in order, and of one value the value: AWS keeps neither. */
const written = ({ Sid: _, ...statement }: Statement): string =>
  JSON.stringify(statement, (__, value: unknown) =>
    Array.isArray(value)
      ? value.length === 1
        ? (value[0] as unknown)
        : value.toSorted()
      : value !== null && typeof value === 'object'
        ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => a.localeCompare(b)))
        : value,
  );

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
  's3.ListObjectVersions': 's3:ListBucketVersions',
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

/** Nobody needs a right for these, or a token is the right. */
const free = /^sts:(GetCallerIdentity|AssumeRoleWithWebIdentity)$/;

/** Who makes and destroys bootstrap: a person who may do everything, as far as keys and buckets let them. */
export const withPerson = (documents: Documents): Documents => ({
  ...documents,
  roles: {
    ...documents.roles,
    person: {
      arn: `arn:aws:iam::${documents.account}:role/administrator`,
      identity: [{ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }],
      boundary: null,
      trust: { Version: '2012-10-17', Statement: [] },
      maxSessionSeconds: 3600,
    },
  },
});

/** Asks of each call whether its caller's role may make it; what a call doesn't tell enough of is given by name. */
export function requestsOf(
  { documents, resources, calls }: Account,
  reference: Reference,
): { readonly requests: readonly Request[]; readonly unknown: readonly string[] } {
  const byName = new Map<string, Named[]>();
  for (const resource of resources)
    for (const key of ['id', 'arn', 'name', 'bucket', 'association_id'])
      if (typeof resource.values[key] === 'string')
        byName.set(resource.values[key], [...(byName.get(resource.values[key]) ?? []), resource]);
  // Of an association, what it joins.
  for (const { type, values } of resources)
    if (type === 'aws_route_table_association')
      byName.set(textOf(values, 'id'), byName.get(textOf(values, 'route_table_id')) ?? []);
  const roleOf = new Map(
    Object.entries(withPerson(documents).roles).flatMap(([name, { arn }]) => [
      [arn, name],
      [name, name],
    ]),
  );
  const unknown = new Set<string>();
  const before = new Set<string>();
  const requests = calls.flatMap(({ caller, action: operation, given, made }): readonly Request[] => {
    const [role, action] = [roleOf.get(caller), actionOf(operation)];
    // A person may do everything that the policy of a key or a bucket doesn't keep from them.
    if (role === undefined || free.test(action) || (role === 'person' && !/^(kms|s3):/.test(action)))
      return [];
    const entry = reference[action];
    const types = entry?.resourceTypes ?? [];
    const keys = [...(entry?.conditionKeys ?? []), ...types.flatMap(({ conditionKeys }) => conditionKeys)];
    const environment = environments.find((one) => role.startsWith(`${one}-`)) ?? 'shared';
    const ask = (resource: string, found?: Resource): Request => ({
      ...{ origin: `call of ${role}`, expected: 'allow', role, action, resource },
      context: {
        ...contextOf([], environment, documents),
        ...ownKeys(given, keys, documents),
        ...tagsIn(given, action),
        ...(found === undefined ? {} : tagsOf(found, documents)),
      },
    });
    if (entry !== undefined && types.length === 0) return [ask('*')];
    const makesTagged =
      /:(Create|Put|Register|Request)/.test(action) && 'aws:TagKeys' in tagsIn(given, action);
    const namedBy = (words: readonly string[], isAnswer: boolean): readonly Request[] =>
      types.flatMap(({ arn: form }) => {
        const found = words.flatMap((word) => {
          const known = (byName.get(word) ?? []).filter(
            ({ values, environment: of }) =>
              mayMatch(form, textOf(values, 'arn')) &&
              (values['name'] !== word || [environment, ''].includes(of)),
          );
          // What is made has no tags yet; what it is made in is named by its id.
          const isNew = isAnswer || (makesTagged && known.some(({ values }) => values['name'] === word));
          return known.map((one) => ask(textOf(one.values, 'arn'), isNew ? undefined : one));
        });
        if (found.length > 0) return found;
        const whole = words.filter((word) => word.startsWith('arn:') && mayMatch(form, word));
        const filled = fill(form, words, isAnswer ? {} : given, documents);
        return (whole.length > 0 ? whole : filled).map((arn) => ask(arn));
      });
    const words = Object.values(given);
    const asked = [
      ...namedBy(words, false),
      // An answer tells of what a thing was made in or joined with, too: that was made, or named, before.
      ...namedBy(
        made.filter((one) => !words.includes(one) && !before.has(one) && !one.includes('assoc-')),
        true,
      ),
    ];
    made.forEach((one) => before.add(one));
    // Of a list, what it is narrowed by is no resource.
    if (asked.length === 0 && /:(Describe|List)/.test(action)) return [ask('*')];
    if (asked.length === 0) unknown.add(`${role} ${action} ${Object.values(given).slice(0, 3).join(' ')}`);
    return asked;
  });
  return {
    requests: [...new Map(requests.map((one) => [JSON.stringify(one), one])).values()],
    unknown: [...unknown].sort(),
  };
}

/** An ARN by the form of the reference, where each of its variables is a parameter of the call, or the one id of that kind. */
function fill(
  form: string,
  words: readonly string[],
  given: Call['given'],
  { account: id, region }: Documents,
): readonly string[] {
  if (form.includes(':s3:::')) {
    const path = given['path.0'] ?? '';
    return path !== '' && path.includes('/') === form.includes('/') ? [`arn:aws:s3:::${path}`] : [];
  }
  const fixed: Readonly<Record<string, string>> = { Partition: 'aws', Region: region, Account: id };
  const [, kind = ''] = /^.*:([a-z-]+)\/\$\{\w+\}$/.exec(form) ?? [];
  const ids = words.filter((word) => kinds[word.replace(/-[0-9a-f]+$/, '')] === kind);
  const head = form.replaceAll(/\$\{(Partition|Region|Account)\}/g, (_, name: string) => fixed[name] ?? '');
  if (ids.length > 0) return ids.map((one) => head.replace(/\$\{\w+\}/, one));
  const arn = head.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => parameter(given, name) ?? '?');
  return /\?|arn:.*arn:/.test(arn) ? [] : [arn];
}

/** What ids of EC2 begin with, by the kind that the reference knows. */
const kinds: Readonly<Record<string, string>> = {
  ...{
    acl: 'network-acl',
    eipalloc: 'elastic-ip',
    fl: 'vpc-flow-log',
    igw: 'internet-gateway',
    nat: 'natgateway',
  },
  ...{ rtb: 'route-table', sg: 'security-group', sgr: 'security-group-rule', subnet: 'subnet', vpc: 'vpc' },
  ...{ vpce: 'vpc-endpoint' },
};

/** By the last part of its name: `IpPermissions.1.GroupId` is a GroupId, and so is `GroupIds.member.1`. */
const parameter = (given: Call['given'], name: string): string | undefined =>
  Object.entries(given).find(
    ([key]) =>
      key
        .replace(/s?\.member\.\d+$/, '')
        .split('.')
        .at(-1)
        ?.toLowerCase() === name.toLowerCase(),
  )?.[1];

/** Keys that are called as a parameter is: `iam:PermissionsBoundary`. */
const ownKeys = (
  given: Call['given'],
  keys: readonly string[],
  { account: id, region }: Documents,
): Record<string, string> =>
  Object.fromEntries(
    keys.flatMap((key) => {
      const name = key.replace(/^(?!aws:)[\w-]+:/, '').toLowerCase();
      const value = parameter(given, name);
      if (value === undefined || key.startsWith('aws:') || key.includes('$')) return [];
      const isShort = key === 'ecs:cluster' && !value.startsWith('arn:');
      return [[key, isShort ? `arn:aws:ecs:${region}:${id}:cluster/${value}` : value]];
    }),
  );

/** `Tags.member.1.Key` with its `Value`, or `tags.owner`. */
function tagsIn(given: Call['given'], action: string): Record<string, string | readonly string[]> {
  const removed = /:(Untag|Remove|Delete)/.test(action);
  const tags = Object.entries(given).flatMap(([name, value]): readonly (readonly [string, string])[] => {
    if (!/tag/i.test(name)) return [];
    const pair = /^(.*\.)(Key|key|TagKey)$/.exec(name);
    if (pair !== null)
      return [
        [
          value,
          given[
            `${pair[1] ?? ''}${pair[2] === 'key' ? 'value' : pair[2] === 'TagKey' ? 'TagValue' : 'Value'}`
          ] ?? '',
        ],
      ];
    const [, key] = /^\w*[Tt]ags\.([a-z_]+)$/.exec(name) ?? [];
    return key === undefined ? [] : [[key, value]];
  });
  if (tags.length === 0 || removed) return {};
  return {
    ...Object.fromEntries(tags.map(([key, value]) => [`aws:RequestTag/${key}`, value])),
    'aws:TagKeys': tags.map(([key]) => key),
  };
}

const tagsOf = ({ values }: Resource, { account: id, region }: Documents): Record<string, string> => ({
  ...Object.fromEntries(
    Object.entries(settingsOf(values['tags_all'])).map(([key, value]) => [
      `aws:ResourceTag/${key}`,
      String(value),
    ]),
  ),
  ...(typeof values['vpc_id'] === 'string'
    ? { 'ec2:Vpc': `arn:aws:ec2:${region}:${id}:vpc/${values['vpc_id']}` }
    : {}),
});
