import { environments, type Document, type Documents, type Role, type Statement } from './documents.ts';
import { evaluate } from './evaluate.ts';
import { lines, type Request } from './requests.ts';
import { list, pattern } from './statements.ts';

/** A part of a statement, and what the statement is without it; undefined where nothing is left. */
interface Part {
  readonly name: string;
  readonly without: Statement | undefined;
  /** The pattern of the resources that it alone may decide about. */
  readonly matches?: string;
}
/** A part in the document of a role, whose loss is played with requests of that role. */
interface Loss {
  readonly name: string;
  readonly role: Role;
  readonly requests: readonly Request[];
}

/** The statement itself, each resource of several, each condition. */
export function partsOf(statement: Statement): readonly Part[] {
  const { Resource: resource, Condition: condition = {} } = statement;
  const resources = list(resource);
  return [
    { name: 'statement', without: undefined },
    ...(resources.length < 2 ? [] : resources).map((one) => ({
      name: `resource ${one}`,
      matches: one,
      without: { ...statement, Resource: resources.filter((other) => other !== one) },
    })),
    ...Object.entries(condition).flatMap(([operator, keys]) =>
      Object.keys(keys).map((key) => ({
        name: `condition ${operator} ${key}`,
        without: {
          ...statement,
          Condition: {
            ...condition,
            [operator]: Object.fromEntries(Object.entries(keys).filter(([other]) => other !== key)),
          },
        },
      })),
    ),
  ];
}

const everything: Document = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
};

/** Of one role: its own documents without a boundary, and its boundary under a role that allows all else: each must hold alone. */
function lossesOf(
  name: string,
  role: Role,
  requests: readonly Request[],
  holderOf: (document: Document) => string,
): readonly Loss[] {
  const own = requests.filter((request) => request.role === name);
  const of = (document: Document, where: string, put: (changed: Document) => Role): readonly Loss[] =>
    document.Statement.flatMap((statement) => {
      const concerned = own.filter(concerns(statement));
      return partsOf(statement).map(({ name: part, without, matches = '*' }) => ({
        name: normalise(`${where} ${statement.Sid ?? ''} ${part}`),
        role: put({
          ...document,
          Statement: document.Statement.flatMap((one) =>
            one === statement ? (without === undefined ? [] : [without]) : [one],
          ),
        }),
        requests: sample(
          concerned.filter(({ resource }) => resource === '*' || pattern(matches).test(resource)),
        ),
      }));
    });
  return [
    ...(isStandIn(name) ? [] : role.identity).flatMap((document, at) =>
      of(document, holderOf(document), (changed) => ({
        ...role,
        boundary: null,
        identity: role.identity.with(at, changed),
      })),
    ),
    ...(role.boundary === null
      ? []
      : of(role.boundary, `boundary of ${holderOf(role.boundary)}`, (boundary) => ({
          ...role,
          identity: [everything],
          boundary,
        }))),
  ];
}

/** What stands for any role that an apply may make: of it the boundary alone is real. */
const isStandIn = (name: string): boolean => name.endsWith('-workload');

/** Few of each action and expectation: alike requests are decided alike. */
function sample(requests: readonly Request[]): readonly Request[] {
  const kinds = new Map<string, Request[]>();
  for (const request of requests) {
    const { action, expected, context } = request;
    const project = JSON.stringify(context['aws:ResourceTag/project']);
    const kind = [action, expected, project, ...Object.keys(context).sort()].join();
    kinds.set(kind, [...(kinds.get(kind) ?? []), request]);
  }
  return [...kinds.values()].flatMap((alike) => [...alike.slice(0, 2), ...alike.slice(2).slice(-1)]);
}

/** What is the same in each environment has one name. */
const normalise = (text: string): string =>
  text
    .replaceAll(new RegExp(`\\b(${environments.join('|')})\\b`, 'g'), 'ENV')
    .replaceAll(/\bvpc-0\w+/g, 'VPC')
    .replaceAll(/hostedzone\/\w+/g, 'hostedzone/ZONE');

/** Whether a statement says something of an action. */
function concerns(statement: Statement): (request: Request) => boolean {
  if (statement.NotAction !== undefined) return () => true;
  const patterns = list(statement.Action).map((pattern) => pattern.replaceAll('*', '.*'));
  const names = new RegExp(`^(${patterns.join('|')})$`, 'i');
  return ({ action }) => names.test(action);
}

/**
 * Takes each statement, resource and condition of each role away in turn. What changes no decision, in no environment that has
 * it, is named: a right that no request needs, or a limit that no denied request comes to.
 */
export async function subtract(
  project: string,
  documents: Documents,
  requests: readonly Request[],
): Promise<{ readonly played: number; readonly idle: readonly string[] }> {
  const once = [...new Map(requests.map((one) => [JSON.stringify({ ...one, origin: '' }), one])).values()];
  const subjects = Object.entries(documents.roles);
  // What several roles have is one document: what one of them needs of it is needed.
  const holders = new Map(
    subjects.flatMap(([name, { identity, boundary }]) =>
      [...identity, boundary].map((one) => [JSON.stringify(one), name]),
    ),
  );
  const holderOf = (document: Document): string => holders.get(JSON.stringify(document)) ?? '';
  const losses = subjects.flatMap(([name, role]) => lossesOf(name, role, once, holderOf));
  const noticed = new Set<string>();
  // One environment after the other: what the first has noticed needs no other one.
  for (const environment of ['dev', 'staging', 'prod', 'build']) {
    const open = losses.filter(
      ({ name, requests: own }) => !noticed.has(name) && own.some(({ role }) => role.startsWith(environment)),
    );
    const roles: Record<string, Role> = { ...documents.roles };
    for (const [name, role] of Object.entries(documents.roles))
      Object.assign(roles, {
        [`${name} open`]: { ...role, identity: [everything] },
        [`${name} alone`]: { ...role, boundary: null },
      });
    const asked = open.flatMap(({ role, requests: own }, index) => {
      roles[`less ${index}`] = role;
      const whole = role.identity[0] === everything ? ' open' : ' alone';
      return own.flatMap((one) => [
        { ...one, role: `${one.role}${whole}` },
        { ...one, role: `less ${index}` },
      ]);
    });
    const { decisions } = await evaluate(project, { ...documents, roles }, asked);
    // Of each request two decisions, in order: with the part, and without it.
    open
      .flatMap(({ name, requests: own }) => own.map(() => name))
      .forEach((name, index) => {
        const [whole, less] = decisions.slice(2 * index, 2 * index + 2);
        if (isAllowed(whole?.decision) !== isAllowed(less?.decision)) noticed.add(name);
      });
  }
  const names = [...new Set(losses.map(({ name }) => name))];
  return { played: names.length, idle: names.filter((name) => !noticed.has(name)).sort() };
}

const isAllowed = (decision: string | undefined): boolean => decision === 'Allowed';

/** What nobody notices and nothing explains, and patterns that explain nothing, by lines of `PATTERN -- reason`. */
export function giveReasons(
  idle: readonly string[],
  table: string,
): { readonly open: readonly string[]; readonly stale: readonly string[] } {
  const patterns = lines(table).map(({ line }) => line.split(' -- ')[0]?.trim() ?? '');
  return {
    open: idle.filter((name) => !patterns.some((one) => pattern(one).test(name))),
    stale: patterns.filter((one) => !idle.some((name) => pattern(one).test(name))),
  };
}
