import { once } from 'node:events';
import { createServer, request as send, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { json, refusal } from './answers.ts';
import { callerOf, readCall, type Answer, type Call, type NameRest } from './call.ts';
import { createCallLog, type CallLog } from './call-log.ts';
import { createDataPlane } from './data-plane.ts';
import type { Gap } from './gap.ts';
import type { Moto } from './moto.ts';

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
  readonly moto: Pick<Moto, 'url' | 'errors'>;
  readonly gaps: readonly Gap[];
  readonly nameRest: NameRest;
  /** 0 takes a free one. */
  readonly port: number;
}

/**
 * The address that AWS clients are given. Calls that moto answers go to moto, those of a gap are answered here, and one
 * that nobody can answer gets a 400 that names the action: clients retry a 500 for minutes.
 * `GET /_emulator/calls` tells what was called, `GET /_emulator/health` which process this is,
 * `/_emulator/data-plane` takes who runs the tasks.
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
    const startedAt = performance.now();
    const { method = 'GET', url = '/', headers } = request;
    if (url === '/_emulator/calls') {
      write(response, json({ calls: calls.counts().map((count) => ({ ...count })) }));
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
      calls.note(
        callerOf(call),
        `${call.service}.${call.action}`,
        given.status,
        performance.now() - startedAt,
      );
    }
    write(response, given);
  };

  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the front has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    calls,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
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
  moto: Pick<Moto, 'errors'>,
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
    `The emulator can't answer ${name} (moto: ${cause}); see docs/emulator.md`,
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
