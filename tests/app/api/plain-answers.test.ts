import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { RequestContext } from '../../../app/src/http/request-context.ts';
import { answerPlainReads } from '../../../app/src/http/plain-answers.ts';
import { closeServer, listen } from '../../../app/src/http/server.ts';
import { createPlaces } from '../../../app/src/http/shed-load.ts';
import { InvalidToken } from '../../../app/src/http/token-verifier.ts';
import { NotFound, Throttled, TimedOut, Unavailable } from '../../../app/src/movies/errors.ts';
import type { Known, SerialisedMovie } from '../../../app/src/movies/movie-cache.ts';
import type { MovieKey } from '../../../app/src/movies/movie.ts';
import { createClient, type Call, type Send } from '../../support/client.ts';

describe('the stage in front', () => {
  const passedOn = 599;
  const known: SerialisedMovie = { revision: 'r', json: '{"année":1}', jsonBytes: 12 };
  const memory = new Map<string, Known>([
    ['2013/Rush', known],
    ['2013/V/H/S', known],
    ['2013/Gone', new NotFound('There is none.')],
  ]);
  const table = new Map<string, SerialisedMovie | Error>([
    ['2013/Stored', known],
    ['2013/Absent', new NotFound('There is none.')],
    ['2013/Throttled', new Throttled('Too much.')],
    ['2013/Away', new Unavailable('It is away.')],
    ['2013/Slow', new TimedOut('It is slow.')],
    ['2013/Broken', new Error('a secret of ours')],
  ]);
  const caller = (scope: string) => ({ scopes: new Set([scope]), validUntilMs: Infinity });
  const callers = new Map([
    ['reader', caller('movies/read')],
    ['writer', caller('movies/write')],
  ]);
  /** Good ones that nobody has presented yet. */
  const strangers = new Map([
    ['new-reader', caller('movies/read')],
    ['new-writer', caller('movies/write')],
  ]);
  const reader = { authorization: 'Bearer reader' };
  const ofTable = ({ year, title }: MovieKey): Promise<SerialisedMovie> => {
    const found = table.get(`${year}/${title}`);
    return found instanceof Error || found === undefined
      ? Promise.reject(found ?? new Error('Nobody asked for this one.'))
      : Promise.resolve(found);
  };
  let reading = ofTable;
  const places = 1;
  let shed: number;
  let isDraining: boolean;
  let observed: string[];
  let server: Server;
  let send: Send;

  beforeEach(async () => {
    isDraining = false;
    shed = 0;
    reading = ofTable;
    observed = [];
    const context: RequestContext = {
      requestId: 'an-id-of-mine',
      trace: { traceId: '1', spanId: '2', flags: '00' },
      startedAt: 0,
    };
    server = createServer(
      answerPlainReads(
        {
          movies: {
            recall: ({ year, title }: MovieKey) => memory.get(`${year}/${title}`),
            findRecent: (key) => reading(key),
          },
          takePlace: createPlaces(places, { requestShed: () => (shed += 1) }),
          tracing: { run: (_trace, work) => work() },
          tokens: {
            recall: (token) => callers.get(token),
            verify: (token) => {
              const known = callers.get(token) ?? strangers.get(token);
              if (token === 'unknown-key') return Promise.reject(new Unavailable('It is away.'));
              return known === undefined ? Promise.reject(new InvalidToken('No.')) : Promise.resolve(known);
            },
          },
          lifecycle: { isDraining: () => isDraining },
          createContext: () => context,
          observe: (_request, _response, _context, route) => observed.push(route()),
        },
        (_request, response) => response.writeHead(passedOn).end(),
      ),
    );
    send = createClient(await listen(server, 0, '127.0.0.1'));
  });
  afterEach(() => closeServer(server, 0));

  test('answers a plain read by whoever may read, and says so to who observes', async () => {
    const answer = await send('GET', '/movies/2013/Rush', { headers: reader });

    expect(answer).toMatchObject({
      status: 200,
      text: '{"année":1}',
      headers: { etag: '"r"', 'content-length': '12', 'x-request-id': 'an-id-of-mine' },
    });
    expect(observed).toEqual(['/movies/{year}/{title}']);
  });

  test.each<[string, number, string, Call]>([
    ['who has it', 304, '/movies/2013/Rush', { headers: { ...reader, 'if-none-match': '"r"' } }],
    ['who accepts JSON', 200, '/movies/2013/Rush', { headers: { ...reader, accept: 'application/json' } }],
    ['an encoded title', 200, '/movies/2013/V%2fH%2FS', { headers: reader }],
    ['a movie that is missing', 404, '/movies/2013/Gone', { headers: reader }],
    ['a movie of the table', 200, '/movies/2013/Stored', { headers: reader }],
    ['a movie that the table has not', 404, '/movies/2013/Absent', { headers: reader }],
    ['a table that asks for less', 503, '/movies/2013/Throttled', { headers: reader }],
    ['a table that is away', 503, '/movies/2013/Away', { headers: reader }],
    ['a table that is slow', 504, '/movies/2013/Slow', { headers: reader }],
    ['what nobody thought of', 500, '/movies/2013/Broken', { headers: reader }],
    [
      'the first request of a token',
      200,
      '/movies/2013/Stored',
      { headers: { authorization: 'Bearer new-reader' } },
    ],
    ['a forged token', 401, '/movies/2013/Rush', { headers: { authorization: 'Bearer x' } }],
    ['no token behind the scheme', 401, '/movies/2013/Rush', { headers: { authorization: 'Bearer a b' } }],
    [
      'an issuer that is away',
      503,
      '/movies/2013/Rush',
      { headers: { authorization: 'Bearer unknown-key' } },
    ],
    ['who may only write', 403, '/movies/2013/Rush', { headers: { authorization: 'Bearer writer' } }],
    [
      'who may only write and is new',
      403,
      '/movies/2013/Rush',
      { headers: { authorization: 'Bearer new-writer' } },
    ],
  ])('answers %s with %d', async (_what, status, path, call) => {
    const answer = await send('GET', path, call);

    expect(answer.status).toBe(status);
  });

  test.each<[string, string, string, Call]>([
    ['another method', 'HEAD', '/movies/2013/Rush', { headers: reader }],
    ['a write', 'DELETE', '/movies/2013/Rush', { headers: reader }],
    ['a year before the contract’s first', 'GET', '/movies/1869/Rush', { headers: reader }],
    ['a year after the contract’s last', 'GET', '/movies/2201/Rush', { headers: reader }],
    ['a title that is too long', 'GET', `/movies/2013/${'x'.repeat(1_025)}`, { headers: reader }],
    [
      'a tag and a movie that is not remembered',
      'GET',
      '/movies/2013/Stored',
      { headers: { ...reader, 'if-none-match': '"r"' } },
    ],
    ['a query', 'GET', '/movies/2013/Rush?', { headers: reader }],
    ['a slash at the end', 'GET', '/movies/2013/Rush/', { headers: reader }],
    ['another spelling of the year', 'GET', '/movies/02013/Rush', { headers: reader }],
    ['another spelling of the path', 'GET', '/Movies/2013/Rush', { headers: reader }],
    ['a title that is no UTF-8', 'GET', '/movies/2013/%ff', { headers: reader }],
    ['nobody', 'GET', '/movies/2013/Rush', {}],
    [
      'a tag of whom nobody knows yet',
      'GET',
      '/movies/2013/Rush',
      { headers: { authorization: 'Bearer new-reader', 'if-none-match': '"r"' } },
    ],
    ['another scheme', 'GET', '/movies/2013/Rush', { headers: { authorization: 'Basic reader' } }],
    [
      'a wish for what is true now',
      'GET',
      '/movies/2013/Rush',
      { headers: { ...reader, 'cache-control': 'no-cache' } },
    ],
    ['the old form of that wish', 'GET', '/movies/2013/Rush', { headers: { ...reader, pragma: 'no-cache' } }],
    ['who wants HTML', 'GET', '/movies/2013/Rush', { headers: { ...reader, accept: 'text/html' } }],
    ['a list of tags', 'GET', '/movies/2013/Rush', { headers: { ...reader, 'if-none-match': '"a", "r"' } }],
    ['another tag', 'GET', '/movies/2013/Rush', { headers: { ...reader, 'if-none-match': '"other"' } }],
    [
      'a tag and a movie that is missing',
      'GET',
      '/movies/2013/Gone',
      { headers: { ...reader, 'if-none-match': '*' } },
    ],
    ['a body', 'GET', '/movies/2013/Rush', { headers: reader, body: {} }],
  ])('passes on %s', async (_what, method, path, call) => {
    const { status } = await send(method, path, call);

    expect({ status, observed }).toEqual({ status: passedOn, observed: [] });
  });

  test('tells nothing of what went wrong inside', async () => {
    const { text } = await send('GET', '/movies/2013/Broken', { headers: reader });

    expect(text).toContain('"requestId":"an-id-of-mine"');
    expect(text).not.toContain('secret');
  });

  test('refuses a read of the table that is one too many, and answers what is remembered all the same', async () => {
    let arrive = (): void => undefined;
    const arrived = new Promise<void>((resolve) => (arrive = resolve));
    let land: (movie: SerialisedMovie) => void = () => undefined;
    reading = () => {
      arrive();
      return new Promise((resolve) => (land = resolve));
    };
    const first = send('GET', '/movies/2013/Stored', { headers: reader });
    await arrived;

    const second = await send('GET', '/movies/2013/Stored', { headers: reader });
    const remembered = await send('GET', '/movies/2013/Rush', { headers: reader });
    land(known);

    expect(second).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    expect(remembered.status).toBe(200);
    expect((await first).status).toBe(200);
    expect(shed).toBe(1);
  });

  test('passes on everything while it is draining, so that connections end', async () => {
    isDraining = true;

    expect((await send('GET', '/movies/2013/Rush', { headers: reader })).status).toBe(passedOn);
  });
});
