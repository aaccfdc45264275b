import { Problem } from '../../../app/src/commands/problem.ts';
import { bitbucket, environments, type Documents } from './documents.ts';

export interface Request {
  /** Where it is from: a file and its line, or a plan's resource. */
  readonly origin: string;
  readonly expected: 'allow' | 'deny';
  readonly role: string;
  readonly action: string;
  readonly resource: string;
  readonly context: Readonly<Record<string, string | readonly string[]>>;
  /** Decided as it is written, whatever the evaluator's reference says of the action. */
  readonly literal?: true;
}

/** The environment that a role without one is of. */
const usual = 'dev';

/** Whoever is none of our roles: a service of AWS, or a role of another account that its own account lets do everything. */
export const outsider = 'arn:aws:iam::999988887777:role/outsider';
const isService = (role: string): boolean => role.endsWith('.amazonaws.com');

/** Reads a table of requests; its head says how it is written. */
export function readRequests(file: string, table: string, documents: Documents): readonly Request[] {
  return lines(table).flatMap(({ line, number }) => {
    const [head = ''] = line.split(' -- ');
    const [expected = '', role = '', actions = '', resource = '', ...words] = head.trim().split(/\s+/);
    const full =
      role === 'outsider' ? outsider : role in documents.roles || isService(role) ? role : `${usual}-${role}`;
    const isKnown = full === outsider || isService(full) || full in documents.roles;
    if ((expected !== 'allow' && expected !== 'deny') || !isKnown || resource === '')
      throw new Problem(
        `${file}:${number} is no request: ${line}`,
        'Write: allow|deny role action[,action…] resource [context].',
      );
    const environment = environments.find((name) => full.startsWith(`${name}-`)) ?? 'shared';
    return splitActions(actions).flatMap((action) =>
      alternatives(words).map((context): Request => ({
        origin: `${file}:${number}`,
        expected,
        role: full,
        action,
        resource: resolveArn(resource, documents),
        context: contextOf(context, environment, documents),
      })),
    );
  });
}

/** `not-rt` and `not-own` are two contexts each: another environment's tags, and another project's. */
const alternatives = (words: readonly string[]): readonly (readonly string[])[] => {
  const [, kind] = /^not-(rt|own)$/.exec(words.at(-1) ?? '') ?? [];
  if (kind === undefined) return [words];
  const rest = words.slice(0, -1);
  return kind === 'rt'
    ? [
        [...rest, 'rt(prod)'],
        [...rest, 'rt', 'aws:RequestTag/project=bank'],
      ]
    : [
        [...rest, 'tags(prod)'],
        [...rest, 'own', 'aws:ResourceTag/project=bank'],
      ];
};

/** `dynamodb:GetItem,Query` in full. */
export const splitActions = (actions: string): readonly string[] => {
  const [service = ''] = actions.split(':');
  return actions.split(',').map((action, index) => (index === 0 ? action : `${service}:${action}`));
};

export interface PlannedResource {
  readonly address: string;
  readonly mode: string;
  readonly type: string;
  readonly change: { readonly after: Readonly<Record<string, unknown>> };
}

/**
 * What applying, reading, changing and destroying a plan's resources asks of AWS, by a table: type, role, actions, resource,
 * context. Types that the table lacks are given by name, so that none is left out unseen.
 */
export function deriveRequests(
  environment: string,
  resources: readonly PlannedResource[],
  table: string,
  documents: Documents,
): { readonly requests: readonly Request[]; readonly unknown: readonly string[] } {
  const rows = lines(table).map(({ line }) => line.trim().split(/\s+/));
  const managed = resources.filter(({ mode }) => mode === 'managed');
  const known = new Set(rows.map(([type]) => type));
  const requests = managed.flatMap(({ address, type, change: { after } }) =>
    rows
      .filter(([of]) => of === type)
      // What a plan reads, an apply reads too.
      .flatMap((row) => (row[1] === 'plan' ? [row, row.with(1, 'apply')] : [row]))
      .flatMap(([, step, actions = '', resource = '', ...words]) =>
        splitActions(actions).map((action): Request => ({
          origin: `plan of ${environment}: ${address}`,
          expected: 'allow',
          role: `${environment}-${step ?? ''}`,
          action,
          resource: fill(resolveArn(resource, documents), after, environment),
          context: contextOf(
            words.map((word) => fill(word, after, environment)),
            environment,
            documents,
          ),
        })),
      ),
  );
  return {
    requests,
    unknown: [...new Set(managed.map(({ type }) => type).filter((type) => !known.has(type)))].sort(),
  };
}

const settingsOf = (environment: string): { vpc_id: string; zone?: { domain_name: string } } | undefined =>
  Object.entries(bitbucket.environments).find(([name]) => name === environment)?.[1];

/** `{name}` is the resource's own value; where AWS gives it, something of its form. */
const fill = (text: string, after: Readonly<Record<string, unknown>>, environment: string): string =>
  text.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    if (name === 'account' || name === 'state') return `{${name}}`;
    if (name === 'env') return environment;
    if (name === 'domain') return settingsOf(environment)?.zone?.domain_name ?? '';
    if (name === 'vpc') return settingsOf(environment)?.vpc_id ?? '';
    const value = after[name];
    if (typeof value === 'string') return value;
    const prefix = after[`${name}_prefix`];
    return `${typeof prefix === 'string' ? prefix : ''}20261130014326123400000001`;
  });

export const lines = (table: string): readonly { readonly line: string; readonly number: number }[] =>
  table
    .split('\n')
    .map((line, index) => ({ line, number: index + 1 }))
    .filter(({ line }) => line.trim() !== '' && !line.startsWith('#'));

/** `signing` (a key), `state:env:/…` (a bucket and what is in it) and `arn:kms:key/x` in full. */
export function resolveArn(short: string, { account, region, keys, buckets }: Documents): string {
  const key = keys[short]?.arn;
  if (key !== undefined) return key;
  const full = short.replaceAll('{account}', account);
  const [holder = '', ...path] = full.split(':');
  const bucket = buckets[holder]?.arn;
  if (bucket !== undefined) return `${bucket}/${path.join(':')}`.replace(/\/$/, '');
  if (!full.startsWith('arn:') || full.startsWith('arn:aws:')) return full;
  const [, service = '', ...rest] = full.split(':');
  return `arn:aws:${service}:${region}:${account}:${rest.join(':')}`;
}

export function contextOf(
  words: readonly string[],
  environment: string,
  { account, region, project, keys }: Documents,
): Request['context'] {
  const tags = (kind: string, name: string): Record<string, string> => ({
    [`aws:${kind}/project`]: project,
    [`aws:${kind}/environment`]: name,
  });
  const context: Record<string, string | readonly string[]> = {
    'aws:RequestedRegion': region,
    'aws:SecureTransport': 'true',
    'aws:PrincipalAccount': account,
    's3:TlsVersion': '1.3',
  };
  for (const word of words) {
    const [, name = '', of = environment] = /^(rt|own|tags)(?:\((\w+)\))?$/.exec(word) ?? [];
    if (name === 'rt')
      Object.assign(context, tags('RequestTag', of), { 'aws:TagKeys': ['project', 'environment'] });
    else if (name !== '') Object.assign(context, tags('ResourceTag', of));
    else if (word === 'wb')
      context['iam:PermissionsBoundary'] =
        `arn:aws:iam::${account}:policy/pipeline/${project}-${environment}-workload`;
    else {
      const at = word.indexOf('=');
      const value = word
        .slice(at + 1)
        .replaceAll('{account}', account)
        .replaceAll('{state}', keys['state']?.arn ?? '');
      const key = word.slice(0, at);
      context[key] = listKeys.test(key) ? [value] : value;
    }
  }
  return context;
}

/** Who signs the tokens of steps. */
export const issuer = `api.bitbucket.org/2.0/workspaces/${bitbucket.workspace}/pipelines-config/identity/oidc`;

/** Keys that hold several values. */
const listKeys = /^(aws:TagKeys|aws:CalledVia|backup:CopyTarget|route53:)/;

/** Tokens that a step gets, and which role each may take: its own, and no other. */
export function tokenRequests({
  roles,
  project,
  account,
}: Documents): readonly (Request & { readonly token: true })[] {
  const own = `ari:cloud:bitbucket::workspace/${bitbucket.workspace_uuid}`;
  const uuids: Readonly<Record<string, string>> = {
    build: bitbucket.build_uuid,
    ...Object.fromEntries(
      Object.entries(bitbucket.environments).flatMap(([name, { plan_uuid: plan, apply_uuid: apply }]) => [
        [`${name}-plan`, plan],
        [`${name}-apply`, apply],
      ]),
    ),
  };
  const request = (role: string, origin: string, expected: 'allow' | 'deny', aud: string, sub: string) => ({
    origin: `token ${origin}`,
    expected,
    role,
    action: 'sts:AssumeRoleWithWebIdentity',
    resource: roles[role]?.arn ?? `arn:aws:iam::${account}:role/${project}`,
    context: { [`${issuer}:aud`]: aud, [`${issuer}:sub`]: sub },
    token: true as const,
  });
  const subject = (uuid: string, repository = bitbucket.repository_uuid): string =>
    `{${repository}}:{${uuid}}:{step}`;
  return Object.entries(uuids).flatMap(([role, uuid]) => [
    ...Object.entries(uuids).map(([other, of]) =>
      request(role, `of ${other}`, other === role ? 'allow' : 'deny', own, subject(of)),
    ),
    request(role, 'of another workspace', 'deny', own.replace(/.$/, '9'), subject(uuid)),
    request(role, 'of another repository', 'deny', own, subject(uuid, bitbucket.build_uuid)),
    request(role, 'without an environment', 'deny', own, `{${bitbucket.repository_uuid}}:{step}`),
  ]);
}
