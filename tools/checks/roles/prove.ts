import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Problem } from '../../../app/src/commands/problem.ts';
import { isPythonEnvironmentBuilt, pythonEnvironment } from '../../install/python/environment.ts';
import {
  bitbucket,
  environments,
  type Document,
  type Documents,
  type Role,
  type Statement,
} from './documents.ts';
import { evaluate, resourcePolicies } from './evaluate.ts';
import { contextOf, issuer, lines, outsider, resolveArn, splitActions, type Request } from './requests.ts';
import { list, meet, pattern as glob } from './statements.ts';

/** What nobody of some may ever do: a line of invariants.txt, with its environments filled in. */
export interface Invariant {
  readonly name: string;
  readonly prose: string;
  readonly who: readonly string[];
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  /** Keys of the context that are given a value. */
  readonly where: Readonly<Record<string, string>>;
  /** What else is said of the context, as a condition. */
  readonly given: NonNullable<Statement['Condition']>;
}
/** An invariant and one who might break it: `role` is one of the documents, an outsider, a service, or a step's `token`. */
export interface Claim {
  readonly invariant: Invariant;
  readonly role: string;
}
export interface Proof extends Claim {
  readonly outcome: 'proven' | 'broken' | 'undecided';
  readonly reason?: string;
  /** The request that breaks it. */
  readonly counterexample?: Request & { readonly token?: true };
}
interface Answer {
  readonly outcome: Proof['outcome'];
  readonly reason?: string;
  readonly action?: string;
  readonly resource?: string;
  readonly context?: Readonly<Record<string, string>>;
}

const environment = 'iamprover';
export const isProverInstalled = (): Promise<boolean> => isPythonEnvironmentBuilt(environment);

/** Reads invariants: `{env}` stands for each environment, `{other}` for each other one. */
export function readInvariants(file: string, table: string, documents: Documents): readonly Invariant[] {
  return lines(table).flatMap(({ line, number }) =>
    fillings(line.replaceAll('{issuer}', issuer), documents).map(([filled, of]) => {
      const [head = '', prose = ''] = filled.split(' -- ');
      const [name = '', who = '', actions = '', resources = '', ...words] = head.trim().split(/\s+/);
      if (resources === '' || prose === '')
        throw new Problem(
          `${file}:${number} is no invariant: ${line}`,
          'Write: name who[,!who…] action[,action…] resource[,resource…] [context] -- what it says.',
        );
      const given: Record<string, Record<string, string[]>> = {};
      const missing = words.filter((word) => word.startsWith('!')).map((word) => word.slice(1));
      const pinned = words.filter((word) => {
        const [, key = '', sign = '', value = ''] = /^([^=!]+)!([=~])(.*)$/.exec(word) ?? [];
        if (key !== '')
          ((given[sign === '=' ? 'StringNotEquals' : 'StringNotLike'] ??= {})[key] ??= []).push(
            value.replaceAll('{account}', documents.account).replaceAll('{step}', stepOf(of)),
          );
        return key === '' && !word.startsWith('!');
      });
      const usual = new Set(Object.keys(contextOf([], '', documents)));
      const where = Object.entries(contextOf(pinned, of, documents)).filter(
        (entry): entry is [string, string] => typeof entry[1] === 'string' && !usual.has(entry[0]),
      );
      return {
        name: of === '' ? name : `${name} ${of}`,
        prose,
        who: who.split(','),
        actions: splitActions(actions),
        resources: resources.split(',').map((one) => resolveArn(one, documents)),
        where: {
          ...Object.fromEntries(where),
          ...Object.fromEntries(pinned.filter((word) => word.startsWith('aws:RequestedRegion=')).map(pair)),
          ...Object.fromEntries(missing.map((key) => [key, absent])),
        },
        given,
      };
    }),
  );
}

/** The subject of the tokens that steps of an environment's apply get. */
const stepOf = (name: string): string =>
  `{${bitbucket.repository_uuid}}:{${Object.entries(bitbucket.environments).find(([one]) => one === name)?.[1].apply_uuid ?? ''}}:*`;

const pair = (word: string): [string, string] => [
  word.slice(0, word.indexOf('=')),
  word.slice(word.indexOf('=') + 1),
];

function fillings(line: string, { roles }: Documents): readonly (readonly [string, string])[] {
  const known = environments.filter((name) => `${name}-workload` in roles);
  return !/\{(env|other)\}/.test(line)
    ? [[line, '']]
    : known.flatMap((env) =>
        (line.includes('{other}') ? known.filter((other) => other !== env) : ['']).map(
          (other) => [line.replaceAll('{env}', env).replaceAll('{other}', other), env] as const,
        ),
      );
}

/** Everybody who might break an invariant, by its patterns of roles. */
export function claimsOf(invariants: readonly Invariant[], documents: Documents): readonly Claim[] {
  return invariants.flatMap((invariant) => {
    const [no, yes] = [true, false].map((denied) =>
      invariant.who.filter((one) => one.startsWith('!') === denied).map((one) => glob(one.replace('!', ''))),
    );
    const roles = Object.keys(documents.roles).filter(
      (role) => yes?.some((one) => one.test(role)) && !no?.some((one) => one.test(role)),
    );
    const others = invariant.who.filter((one) => one === 'outsider' || one === 'token' || one.includes('.'));
    return [...roles, ...others].map((role) => ({ invariant, role }));
  });
}

const isExact = (pattern: string): boolean => !/[*?]/.test(pattern);

/** Of what is wanted, what patterns reach: all of it, or what of it a pattern leaves. An ARN is compared part by part, as AWS does. */
const narrow = (patterns: readonly string[], wanted: readonly string[]): readonly string[] => [
  ...new Set(wanted.flatMap((one) => patterns.flatMap((pattern) => common(pattern, one)))),
];
/** Whether a pattern matches all that another one does: what it matches as a text, it matches as a pattern. */
const covers = (pattern: string, other: string): boolean =>
  !pattern.includes('?') && glob(pattern).test(other);
function common(pattern: string, wanted: string): readonly string[] {
  if (covers(pattern, wanted)) return [wanted];
  const [ours, theirs] = [pattern, wanted].map((one) => one.split(':'));
  if (ours === undefined || theirs === undefined || isExact(wanted)) return [];
  if (ours[0] !== 'arn' || theirs[0] !== 'arn') return meet(pattern, wanted) ? [pattern] : [];
  const heads = theirs.slice(0, 5);
  const rest = ours.slice(5).join(':');
  return heads.every((part, at) => meet(ours[at] ?? '', part)) && meet(rest, theirs.slice(5).join(':'))
    ? [[...heads.map((part, at) => (isExact(part) ? part : (ours[at] ?? ''))), rest].join(':')]
    : [];
}

/** Stands for a key that a request doesn't have: no value of AWS is written like this. */
const absent = '<absent>';

/**
 * A condition in the operators that the prover knows, with the same meaning: a key that is absent has a value of its own. What
 * has none is left as it is, and the prover takes it for true in an Allow and false in a Deny.
 */
function translate(
  condition: Statement['Condition'],
  severals: ReadonlySet<string> = new Set(),
): NonNullable<Statement['Condition']> {
  const all: Record<string, Record<string, readonly string[]>> = {};
  const add = (operator: string, key: string, values: readonly string[]): void => {
    const known = (all[operator] ??= {});
    if (key in known) known[`${key} `] = values;
    known[key] = values;
  };
  for (const [written, keys] of Object.entries(condition ?? {}))
    for (const [key, given] of Object.entries(keys)) {
      const values = list(given);
      // Where one statement alone asks for several values, one value decides it as well.
      const operator = severals.has(key)
        ? written
        : written.replace(/^ForAnyValue:/, '').replace(/^ForAllValues:(.*)/, '$1IfExists');
      const plain = operator.replace(/IfExists$/, '');
      const wide = values.some((value) => !isExact(value) && glob(value).test(absent));
      if (operator === 'Null') add(values[0] === 'true' ? 'StringEquals' : 'StringNotEquals', key, [absent]);
      else if (values.some((value) => value.includes('${')) || !known.test(plain)) add(operator, key, values);
      else if (plain.includes('Not')) add(wide ? `Wide${plain}` : plain, key, values);
      else {
        add(plain, key, plain === operator ? values : [...values, absent]);
        if (wide && plain === operator) add('StringNotEquals', key, [absent]);
      }
    }
  return all;
}
const known = /^(String(Not)?(Equals|Like)|Arn(Not)?(Equals|Like)|Bool)$/;

/** What of a document may decide a step, and nothing else; exact for all requests of the step. */
function reduce(
  statements: readonly Statement[],
  { actions, resources, given }: Invariant,
  severals: ReadonlySet<string>,
): Document {
  return {
    Version: '2012-10-17',
    Statement: statements.flatMap(
      ({ Effect, Action, NotAction, Resource, Condition, Principal }): readonly Statement[] => {
        const where = narrow(list(Resource), resources);
        const except = lower(list(NotAction)).map(glob);
        const what =
          NotAction === undefined
            ? narrow(lower(list(Action)), lower(actions))
            : lower(actions).filter((one) => !isExact(one) || !except.some((pattern) => pattern.test(one)));
        const when = translate(Condition, severals);
        if (where.length === 0 || what.length === 0 || isRuledOut(when, given)) return [];
        const rest = {
          ...{ Effect, Resource: where, Condition: when },
          ...(Principal === undefined ? {} : { Principal }),
        };
        return [
          NotAction === undefined || what.every(isExact)
            ? { ...rest, Action: what }
            : { ...rest, NotAction: list(NotAction) },
        ];
      },
    ),
  };
}

const lower = (names: readonly string[]): readonly string[] => names.map((name) => name.toLowerCase());

/** Whether each value that a condition asks for is one that the invariant is not about. */
const isRuledOut = (when: NonNullable<Statement['Condition']>, given: Invariant['given']): boolean =>
  Object.entries(when).some(
    ([operator, keys]) =>
      /^(String|Arn)(Equals|Like)$/.test(operator) &&
      Object.entries(keys).some(([key, values]) => {
        const out = Object.values(given).flatMap((excluded) => list(excluded[key]));
        return list(values).every((value) => out.some((one) => covers(one, value)));
      }),
  );

/** Statements of resource policies that speak of somebody, with the resource that AWS leaves out of them. */
function spokenTo(role: string, documents: Documents): readonly Statement[] {
  const arn = role === 'outsider' ? outsider : documents.roles[role]?.arn;
  const account = arn?.split(':')[4] ?? 'none';
  const names = new Set(['*', arn, role, ...(role === 'outsider' ? [account, root(account)] : [])]);
  const denied = new Set([...names, account, root(account)]);
  const trusts = madeRoles(documents).map(({ arn: of, trust }) => ({ arn: of, policy: trust }));
  return [...resourcePolicies(documents), ...trusts].flatMap(({ arn: holder, policy }) =>
    policy.Statement.filter(({ Effect, Principal }) =>
      principalsOf(Principal).some(
        ([kind, name]) =>
          (Effect === 'Allow' ? names : denied).has(name) || (role === 'token' && kind === 'Federated'),
      ),
    ).map((statement) => ({
      ...statement,
      Principal: '*',
      Resource: list(statement.Resource).every((one) => one === '*')
        ? holder
        : (statement.Resource ?? holder),
    })),
  );
}
/** All but what stands for any role that an apply may make. */
const madeRoles = ({ roles }: Documents): readonly Role[] =>
  Object.entries(roles).flatMap(([name, role]) => (name.endsWith('-workload') ? [] : [role]));
const root = (account: string): string => `arn:aws:iam::${account}:root`;
const principalsOf = (principal: unknown): readonly (readonly [string, string])[] =>
  typeof principal === 'object' && principal !== null
    ? Object.entries(principal as Readonly<Record<string, string | readonly string[]>>).flatMap(
        ([kind, names]) => list(names).map((name) => [kind, name] as const),
      )
    : [['AWS', String(principal)]];

/** Asks the prover for each claim; `seconds` of the processor are the limit of one query. */
export async function prove(
  claims: readonly Claim[],
  documents: Documents,
  seconds = 20,
): Promise<readonly Proof[]> {
  return ask(claims.map((claim) => ({ claim, documents, query: queryOf(claim, documents, seconds) })));
}

interface Asked {
  readonly claim: Claim;
  readonly documents: Documents;
  readonly query: ReturnType<typeof queryOf>;
}

async function ask(asked: readonly Asked[]): Promise<readonly Proof[]> {
  // What no statement allows any more is proven before it is asked.
  const open = asked.filter(({ query: { identity, resourcePolicies: held } }) =>
    [...identity, ...held].some((one) => one.Statement.some(({ Effect }) => Effect === 'Allow')),
  );
  const { program } = await pythonEnvironment(environment);
  const child = spawn(program('python3'), [join(import.meta.dirname, 'prove.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(open.map(({ query }) => `${JSON.stringify(query)}\n`).join(''));
  const answers = (await text(child.stdout)).split('\n').filter((line) => line !== '');
  if (answers.length !== open.length)
    throw new Problem('The prover ended before it had answered all.', 'Read what it says above; make tools.');
  const answered = new Map(open.map((one, index) => [one, JSON.parse(answers[index] ?? '') as Answer]));
  return asked.map((one): Proof => {
    const { outcome, reason, ...found }: Answer = answered.get(one) ?? {
      outcome: 'proven',
      reason: 'no statement allows it',
    };
    return {
      ...one.claim,
      outcome,
      ...(reason === undefined ? {} : { reason }),
      ...(outcome === 'broken' ? { counterexample: requestOf(one.claim, found, one.documents) } : {}),
    };
  });
}

function queryOf({ invariant, role: name }: Claim, documents: Documents, seconds: number) {
  const role = documents.roles[name];
  const { actions, resources, where, given } = invariant;
  const identity = (role?.identity ?? []).flatMap((one) => one.Statement);
  const boundary = role?.boundary?.Statement ?? [];
  const held = spokenTo(name, documents);
  const severals = askedTwice([...identity, ...boundary, ...held]);
  return {
    arn: role?.arn ?? name,
    identity: [reduce(identity, invariant, severals)],
    boundary: role?.boundary ? reduce(boundary, invariant, severals) : null,
    resourcePolicies: [reduce(held, invariant, severals)],
    // All of these bound what the role's own policies and those of resources allow together.
    given: [
      ...(Object.keys(given).length === 0 ? [] : [limit(translate(given))]),
      ...(role === undefined ? [] : letBy(role, invariant, documents, severals)),
    ],
    invariant: { id: invariant.name, forbid: { actions, resources }, where },
    seconds,
  };
}

/** Keys of which more than one statement asks for several values. */
function askedTwice(statements: readonly Statement[]): ReadonlySet<string> {
  const asked = statements.flatMap(({ Condition: condition = {} }) =>
    Object.entries(condition).flatMap(([operator, keys]) =>
      operator.startsWith('For') ? Object.keys(keys) : [],
    ),
  );
  return new Set(asked.filter((key, index) => asked.indexOf(key) !== index));
}

/** What the policies of keys let this account ask of them: without it, a role's own policies open no key. */
function letBy(
  { arn }: Role,
  invariant: Invariant,
  { account, keys }: Documents,
  severals: ReadonlySet<string>,
): readonly Document[] {
  const asked = Object.values(keys).filter(({ arn: key }) => invariant.resources.includes(key));
  if (asked.length !== invariant.resources.length) return [];
  const letting = asked.flatMap(({ arn: key, policy }) =>
    policy.Statement.filter(({ Principal }) =>
      principalsOf(Principal).some(([, name]) => ['*', arn, account, root(account)].includes(name)),
    ).map(({ Principal, ...statement }) => ({ ...statement, Resource: key })),
  );
  return [reduce(letting, invariant, severals)];
}

const limit = (condition: NonNullable<Statement['Condition']>): Document => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: '*', Resource: '*', Condition: condition }],
});

/** A counterexample as the evaluator takes it: names as AWS writes them, and the keys that it has. */
function requestOf(
  { invariant, role }: Claim,
  answer: Omit<Answer, 'outcome'>,
  documents: Documents,
): Request & { token?: true } {
  const spelled = new Map(keysOf(documents, invariant).map((key) => [key.toLowerCase(), key]));
  const { action = '', resource = '', context = {} } = answer;
  const words = Object.entries(context)
    .filter(([, value]) => value !== absent)
    .map(([key, value]) => `${spelled.get(key) ?? key}=${value}`);
  const token = Object.entries(documents.roles).find(([, { arn }]) => arn === resource)?.[0];
  return {
    origin: invariant.name,
    expected: 'deny',
    role: role === 'outsider' ? outsider : role === 'token' ? (token ?? role) : role,
    action: invariant.actions.find((one) => one.toLowerCase() === action) ?? action,
    resource,
    context: contextOf(words, '', documents),
    ...(role === 'token' ? { token: true } : {}),
  };
}

const keysOf = (documents: Documents, { where }: Invariant): readonly string[] => [
  ...Object.keys(where),
  ...[
    ...Object.values(documents.roles).flatMap(({ identity, boundary, trust }) => [
      ...identity,
      trust,
      ...(boundary === null ? [] : [boundary]),
    ]),
    ...resourcePolicies(documents).map(({ policy }) => policy),
  ].flatMap(({ Statement: statements }) =>
    statements.flatMap(({ Condition: condition = {} }) =>
      Object.values(condition).flatMap((keys) => Object.keys(keys)),
    ),
  ),
];

/** A mistake in the documents, and the invariant that it breaks: a line of faults.txt. */
export interface Fault {
  readonly line: string;
  readonly invariant: string;
  readonly planted: Documents;
}

/** Reads faults: each is planted in documents of its own. */
export function readFaults(file: string, table: string, documents: Documents): readonly Fault[] {
  return lines(table).map(({ line, number }) => {
    const [invariant = '', ...words] = line.replaceAll('{issuer}', issuer).trim().split(/\s+/);
    const changes = words.join(' ').split(' & ');
    const planted = changes.reduce((before, change) => plant(before, change), documents);
    if (planted === documents)
      throw new Problem(
        `${file}:${number} changes nothing: ${line}`,
        'Write: invariant target allows|admits|loses …',
      );
    return { line, invariant, planted };
  });
}

function plant(documents: Documents, change: string): Documents {
  const [target = '', verb = '', first = '', second = '', ...rest] = change.split(' ');
  const filled = second.replaceAll('{account}', documents.account);
  const edit = (document: Document, holder?: string): Document => {
    const { Statement: all } = document;
    if (verb !== 'loses') {
      const added = {
        ...{ Sid: 'Planted', Effect: 'Allow' as const },
        ...(verb === 'allows'
          ? {
              Action: splitActions(first),
              Resource: second === '' ? '*' : resolveArn(second, documents),
              ...(rest.length === 0
                ? {}
                : { Condition: { StringEquals: Object.fromEntries(rest.map(pair)) } }),
            }
          : {
              Action: splitActions(filled),
              Resource: holder === undefined ? '*' : [holder, `${holder}/*`],
              Principal: first.endsWith('.amazonaws.com')
                ? { Service: first }
                : {
                    AWS:
                      first === '*'
                        ? first
                        : root(first === 'outsider' ? (outsider.split(':')[4] ?? '') : documents.account),
                  },
            }),
      };
      return { ...document, Statement: [...all, added] };
    }
    return {
      ...document,
      Statement: all.flatMap((statement) =>
        statement.Sid !== first ? [statement] : second === '' ? [] : [without(statement, second)],
      ),
    };
  };
  const [name = '', part = 'identity'] = target.split('/');
  const role = documents.roles[name];
  if (role !== undefined) {
    const { identity, boundary, trust } = role;
    const edited =
      part === 'trust'
        ? { trust: edit(trust) }
        : part === 'boundary' && boundary !== null
          ? { boundary: edit(boundary) }
          : {
              identity:
                verb === 'loses'
                  ? identity.map((one) => edit(one))
                  : [...identity, edit({ Version: '2012-10-17', Statement: [] })],
            };
    return changed(role, { ...role, ...edited })
      ? { ...documents, roles: { ...documents.roles, [name]: { ...role, ...edited } } }
      : documents;
  }
  const service = splitActions(filled)[0]?.split(':')[0] ?? '';
  for (const [kind, of] of [
    ['keys', 'kms'],
    ['buckets', 's3'],
    ['topics', 'sns'],
    ['logs', 'logs'],
  ] as const) {
    const held = documents[kind][name];
    if (held === undefined || (verb === 'admits' && service !== of)) continue;
    const policy = edit(held.policy, kind === 'keys' ? undefined : held.arn);
    if (changed(held.policy, policy))
      return { ...documents, [kind]: { ...documents[kind], [name]: { ...held, policy } } };
  }
  return documents;
}

const changed = (before: unknown, after: unknown): boolean =>
  JSON.stringify(before) !== JSON.stringify(after);

const without = (statement: Statement, key: string): Statement => ({
  ...statement,
  Condition: Object.fromEntries(
    Object.entries(statement.Condition ?? {}).map(([operator, keys]) => [
      operator,
      Object.fromEntries(Object.entries(keys).filter(([one]) => one !== key)),
    ]),
  ),
});

/** By fault, the request that the prover answers with and the evaluator really allows; a text says why there is none. */
export async function answerFaults(
  project: string,
  invariants: readonly Invariant[],
  documents: Documents,
  faults: readonly Fault[],
): Promise<readonly (Request | string)[]> {
  const asked = faults.map(({ invariant, planted }) => {
    const isElsewhere = outside(planted) !== outside(documents);
    const named = invariants.filter(({ name }) => name.split(' ')[0] === invariant);
    return claimsOf(named, planted)
      .filter(({ role }) => isElsewhere || planted.roles[role] !== documents.roles[role])
      .map((claim) => ({ claim, documents: planted, query: queryOf(claim, planted, 20) }));
  });
  const proofs = await ask(asked.flat());
  const answers: (Request | string)[] = [];
  let at = 0;
  for (const [index, { planted }] of faults.entries()) {
    const own = proofs.slice(at, (at += asked[index]?.length ?? 0));
    const broken = own.flatMap(({ counterexample }) => counterexample ?? []);
    const { decisions } = await evaluate(project, planted, broken);
    answers.push(
      broken.find((_, one) => decisions[one]?.decision === 'Allowed') ??
        `${own.map(({ outcome }) => outcome).join(', ')}; the evaluator allows none of ${JSON.stringify(broken)}`,
    );
  }
  return answers;
}
const outside = (documents: Documents): string =>
  JSON.stringify([resourcePolicies(documents), madeRoles(documents).map(({ trust }) => trust)]);

/** Conditions that the prover can't express: it takes them for true in an Allow and false in a Deny. */
export function widened(documents: Documents): readonly string[] {
  const holders = [
    ...Object.values(documents.roles).flatMap(({ identity, boundary, trust }) => [
      ...identity,
      trust,
      ...(boundary === null ? [] : [boundary]),
    ]),
    ...resourcePolicies(documents).map(({ policy }) => policy),
  ];
  const found = holders.flatMap(({ Statement: statements }) => {
    const severals = askedTwice(statements);
    return statements.flatMap(({ Sid = '', Effect, Condition }) =>
      Object.entries(translate(Condition, severals)).flatMap(([operator, keys]) =>
        Object.entries(keys)
          .filter(([, values]) => !known.test(operator) || list(values).some((value) => value.includes('${')))
          .map(([key]) => `${Effect} ${Sid}: ${operator} ${key}`),
      ),
    );
  });
  return [...new Set(found)].sort();
}
