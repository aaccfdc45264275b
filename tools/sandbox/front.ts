import { once } from 'node:events';
import { createServer, type IncomingMessage, request as send, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { closeServer, listenOnLoopback } from '../../app/src/local/listen.ts';
import {
  type Answer,
  type Call,
  callerOf,
  form,
  type Gap,
  json,
  type Json,
  type NameRest,
  path,
  readCall,
  readJson,
  refusal,
  text,
} from './call.ts';

/** How long moto's log may lag behind its answer, and how often it is looked at. */
const logLagMs = 1_000;
const lookMs = 20;
const hopByHop = ['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'expect'];

export interface Front {
  readonly url: string;
  readonly calls: CallLog;
  readonly stop: () => Promise<void>;
}

export interface FrontOptions {
  readonly moto: {
    readonly url: URL;
    /** Exceptions in its log so far: `NotImplementedError: The put_foo action has not been implemented`. */
    readonly errors: () => { readonly count: number; readonly last: string };
  };
  readonly gaps: readonly Gap[];
  readonly nameRest: NameRest;
  /** 0 takes a free one. */
  readonly port: number;
}

/**
 * The address that AWS clients are given. Calls that moto answers go to moto, those of a gap are answered here, and one
 * that nobody can answer gets a 400 that names the action: clients retry a 500 for minutes.
 * `GET /_emulator/requests` tells what each call named, and takes those that were made beside it, `GET /_emulator/health` which process this is, `/_emulator/data-plane` takes
 * who runs the tasks.
 */
export async function startFront({ moto, gaps, nameRest, port }: FrontOptions): Promise<Front> {
  const calls = createCallLog();
  const dataPlane = createDataPlane();
  const handlers = new Map(gaps.flatMap(({ answers }) => Object.entries(answers)));

  const inTurn = createTurns();
  const forward = (call: Call): Promise<Answer> =>
    inTurns.has(call.service) ? inTurn(() => pass(moto.url, call)) : pass(moto.url, call);
  const answer = async (call: Call): Promise<Answer> => {
    const handler = handlers.get(`${call.service}.${call.action}`);
    const errorsBefore = moto.errors().count;
    const given = await (handler ? handler(call, forward) : forward(call));
    return isUnanswered(call, given)
      ? explain(call, given, moto, errorsBefore)
      : dataPlane.complete(call, given);
  };

  const server = createServer((request, response) => {
    void respond(request, response).catch((error: unknown) => {
      response.writeHead(502).end(String(error));
    });
  });
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = 'GET', url = '/', headers } = request;
    if (url === '/_emulator/requests') {
      const isTold = method === 'POST';
      if (isTold) calls.add(JSON.parse((await buffer(request)).toString()) as RequestSeen);
      write(response, json(isTold ? {} : { requests: calls.requests().map((one) => ({ ...one })) }));
      return;
    }
    if (url === '/_emulator/health') {
      write(response, json({ pid: process.pid }));
      return;
    }
    if (url === '/_emulator/data-plane') {
      write(response, await dataPlane.configure(request));
      return;
    }
    const call = readCall({ method, url, headers, body: await buffer(request) }, nameRest);
    const given = await answer(call);
    if (call.service !== 'unsigned') {
      calls.note(call, given);
    }
    write(response, given);
  };

  const { url } = await listenOnLoopback(server, port);
  return { url, calls, stop: () => closeServer(server) };
}

/** Of these moto answers a call by walking through dictionaries that its other threads change meanwhile. */
const inTurns: ReadonlySet<string> = new Set(['iam']);

/** One after the other, in the order in which they were asked for. */
function createTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
}

/** moto crashed or has no such action (500, 501), or knows no such path (a 404 page instead of an AWS error). */
const isUnanswered = ({ method }: Call, { status, headers }: Answer): boolean =>
  status >= 500 ||
  // moto labels the 404 of a HEAD (no such object, the first look at a state) as a page too.
  (status === 404 && method !== 'HEAD' && headers['content-type']?.includes('text/html') === true);

async function explain(
  call: Call,
  { status }: Answer,
  moto: FrontOptions['moto'],
  errorsBefore: number,
): Promise<Answer> {
  const deadline = Date.now() + (status === 404 ? 0 : logLagMs);
  while (moto.errors().count === errorsBefore && Date.now() < deadline) await pause(lookMs);
  const { count, last } = moto.errors();
  const cause = status === 404 ? 'no such path' : count > errorsBefore ? last : `status ${status}`;
  const name = `${call.service}.${call.action}`;
  return refusal(
    call,
    'NotEmulated',
    `The emulator can't answer ${name} (moto: ${cause}); see docs/testing.md`,
  );
}

async function pass(moto: URL, { method, url, headers, body }: Call): Promise<Answer> {
  const kept = Object.entries(headers).filter(([name]) => !hopByHop.includes(name));
  const outgoing = send(new URL(moto), {
    method,
    path: url,
    headers: { ...Object.fromEntries(kept), 'content-length': body.length },
    agent: false,
  });
  outgoing.end(body);
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  return { status: incoming.statusCode ?? 502, headers: incoming.headers, body: await buffer(incoming) };
}

function write(response: ServerResponse, { status, headers, body }: Answer): void {
  const kept = Object.entries(headers).filter(
    ([name, value]) => !hopByHop.includes(name) && value !== undefined,
  );
  response.writeHead(status, { ...Object.fromEntries(kept), ...length(response, headers, body) }).end(body);
}

/** The answer to a HEAD has no body, yet says how long that would be. */
const length = (
  { req }: ServerResponse,
  headers: Answer['headers'],
  body: Buffer,
): { 'content-length': string | number } => {
  const declared = headers['content-length'];
  return { 'content-length': req.method === 'HEAD' && typeof declared === 'string' ? declared : body.length };
};

/** How long whoever runs the tasks may take to complete an answer. */
const timeoutMs = 5_000;

/**
 * Whoever runs what the control plane only describes (tasks, targets) registers here, with the actions that it knows more
 * about. Their answers are passed through it: what is said of tasks is then what is true of them.
 */
export interface DataPlane {
  /** `PUT {"url": …, "actions": ["ecs.ListTasks", …]}` registers, `DELETE` ends it. */
  readonly configure: (request: IncomingMessage) => Promise<Answer>;
  /** The completed answer; the given one where nobody is registered, or nobody answers any more. */
  readonly complete: (call: Call, given: Answer) => Promise<Answer>;
}

export function createDataPlane(): DataPlane {
  let url: string | undefined;
  let actions: readonly Json[] = [];

  return {
    configure: async (request) => {
      const asked = readJson(await buffer(request));
      url = request.method === 'PUT' ? text(asked['url']) : undefined;
      actions = Array.isArray(asked['actions']) ? asked['actions'] : [];
      return json({});
    },
    complete: async (call, given) => {
      const action = `${call.service}.${call.action}`;
      if (url === undefined || !actions.includes(action)) return given;
      try {
        const response = await fetch(url, {
          method: 'POST',
          body: JSON.stringify({ action, request: call.body.toString(), answer: given.body.toString() }),
          signal: AbortSignal.timeout(timeoutMs),
        });
        const { completed } = readJson(Buffer.from(await response.arrayBuffer()));
        return response.ok ? { ...given, status: 200, body: Buffer.from(text(completed)) } : given;
      } catch {
        return given;
      }
    },
  };
}

/** What a call named, each once: enough to ask whether its caller's role may do that. */
export interface RequestSeen {
  readonly caller: string;
  readonly action: string;
  /** Flat: `Tags.member.1.Key`, `tags.owner`; of a path, itself and its parts. No secret, nothing long or drawn by chance. */
  readonly given: Readonly<Record<string, string>>;
  /** ARNs and ids in the answer to what makes something. */
  readonly made: readonly string[];
}

/** Keeps what was called: what a role must be allowed to do. */
export interface CallLog {
  readonly note: (call: Call, answer: Answer) => void;
  /** One that was made past the front. */
  readonly add: (request: RequestSeen) => void;
  /** In the order in which each came first, but for those that nobody here can answer. */
  readonly requests: () => readonly RequestSeen[];
}

function createCallLog(): CallLog {
  const seen = new Map<string, RequestSeen>();
  /** Roles that were taken, by the access key that was given for it. */
  const roles = new Map<string, string>();
  const add = (request: RequestSeen): void => {
    const known = JSON.stringify(request);
    if (!seen.has(known)) seen.set(known, request);
  };
  return {
    add,
    note: (call, answer) => {
      const action = `${call.service}.${call.action}`;
      const [, taken] = /<AccessKeyId>(\w+)</.exec(isTaking(call) ? answer.body.toString() : '') ?? [];
      if (taken !== undefined) roles.set(taken, form(call).get('RoleArn') ?? '');
      const caller = roles.get(callerOf(call)) ?? callerOf(call);
      // AWS looks for the right before it looks for the thing: what isn't there was asked for, too.
      if (answer.status >= 400 && answer.body.includes('NotEmulated')) return;
      const isMade = answer.status < 400 && makes.test(call.action);
      add({ caller, action, given: namedBy(call), made: isMade ? madeBy(answer) : [] });
    },
    requests: () => [...seen.values()],
  };
}

const isTaking = ({ service, action }: Call): boolean => service === 'sts' && action.startsWith('AssumeRole');
const makes = /^(Allocate|Associate|Attach|Create|Put|Register|Request)/;
/** Ids such as `vpc-0123abcd`; the end of a UUID may look like one. */
const madeBy = ({ body }: Answer): readonly string[] => [
  ...new Set(
    body
      .toString()
      .match(/arn:aws:[^"<\s]+|(?<!-)\b[a-z]+-[0-9a-f]{8,17}\b/g)
      ?.slice(0, 20),
  ),
];

const unnamed =
  /(secret|password|token|reference|policy|document|body|logEvents|pattern|startTime|^(Action|Version|Timestamp))/i;
function namedBy(call: Call): RequestSeen['given'] {
  const { protocol, url, headers, body } = call;
  const inBody =
    protocol === 'query' || protocol === 'ec2'
      ? [...form(call)]
      : protocol === 'rest-xml'
        ? Object.entries(headers).flatMap(([name, value]) =>
            name.startsWith('x-amz-server-side-encryption') ? [[name, String(value)] as const] : [],
          )
        : flatten('', readJson(body));
  const parts = decodeURIComponent(path(url))
    .split('/')
    .filter((part) => part !== '');
  const inPath = protocol.startsWith('rest') ? [parts.join('/'), ...parts] : [];
  const named = [...inBody, ...inPath.map((part, at) => [`path.${at}`, part] as const)];
  return Object.fromEntries(
    named.filter(([name, value]) => value.length <= 300 && (!unnamed.test(name) || value.startsWith('arn:'))),
  );
}

const flatten = (name: string, value: Json | undefined): readonly (readonly [string, string])[] =>
  value === null || value === undefined
    ? []
    : typeof value === 'object'
      ? Object.entries(value).flatMap(([key, one]) =>
          flatten(name === '' ? key : `${name}.${key}`, one as Json),
        )
      : [[name, String(value)]];
