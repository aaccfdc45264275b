import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { startApi, type Api } from '../../support/api.ts';
import type { Mood } from '../../support/database-front.ts';
import type { Answer, Call } from '../../support/client.ts';
import { aMovie } from '../../support/movies.ts';

describe('an answer of the stage in front', () => {
  let api: Api;
  beforeAll(async () => {
    // Nothing is forgotten while this test runs.
    api = await startApi({ MOVIE_CACHE_TTL_MS: '60000' });
    await api.writer('POST', '/movies', { body: aMovie() });
  });
  afterAll(() => api.stop());

  /** Of a request that the stage in front passes on, as it takes more than a look. */
  const notPlain = { accept: 'application/json, */*' };
  const comparable = ({ status, headers, text }: Answer) => {
    const { date, ...others } = headers;
    return { status, headers: others, text, isDated: date !== undefined };
  };

  /** A stack names where it came from, which is what differs. */
  const withoutTimes = ({
    time,
    durationMs,
    traceId,
    err,
    ...others
  }: Readonly<Record<string, unknown>>) => ({
    ...others,
    isTimed: time !== undefined && durationMs !== undefined && traceId !== undefined,
    failure: typeof err === 'object' && err !== null && 'message' in err ? err.message : undefined,
  });

  test.each<[string, string, Call['headers'], number]>([
    ['a movie', '/movies/2013/Rush', {}, 200],
    ['a movie that its reader has', '/movies/2013/Rush', { 'if-none-match': 'ETAG' }, 304],
    ['a movie that is missing', '/movies/2013/Missing', {}, 404],
  ])('is the same as the full chain’s: %s', async (_what, path, extra, status) => {
    const { headers: known } = await api.reader('GET', path);
    const headers = {
      'x-request-id': 'one-and-the-same',
      ...(extra?.['if-none-match'] === undefined ? {} : { 'if-none-match': String(known.etag) }),
    };

    const chain = await api.reader('GET', path, { headers: { ...headers, ...notPlain } });
    const memory = await api.reader('GET', path, { headers });

    expect(comparable(memory)).toEqual(comparable(chain));
    expect(memory.status).toBe(status);
  });

  describe('that takes the table', () => {
    let uncached: Api;
    beforeAll(async () => {
      uncached = await startApi({
        MOVIE_CACHE_TTL_MS: '0',
        DYNAMODB_MAX_ATTEMPTS: '1',
        DYNAMODB_TIMEOUT_MS: '200',
      });
      await uncached.writer('POST', '/movies', { body: aMovie() });
    });
    afterEach(() => {
      uncached.database.mood = 'well';
    });
    afterAll(() => uncached.stop());

    test.each<[string, Mood, string, number]>([
      ['a movie', 'well', '/movies/2013/Rush', 200],
      ['a movie that is missing', 'well', '/movies/2013/Missing', 404],
      ['a table that asks for less', 'throttling', '/movies/2013/Rush', 503],
      ['a table that is away', 'broken', '/movies/2013/Rush', 503],
      ['a table that does not answer', 'silent', '/movies/2013/Rush', 504],
    ])('is the same as the full chain’s: %s', async (_what, mood, path, status) => {
      // The stage in front knows its token.
      await uncached.reader('GET', '/movies/2013/Rush');
      uncached.database.mood = mood;
      const headers = { 'x-request-id': 'one-and-the-same' };
      const lines = uncached.log.length;

      const chain = await uncached.reader('GET', path, { headers: { ...headers, ...notPlain } });
      const front = await uncached.reader('GET', path, { headers });

      expect(comparable(front)).toEqual(comparable(chain));
      expect(front.status).toBe(status);
      const [ofChain, ofFront] = uncached.log.slice(lines).map(withoutTimes);
      expect(ofFront).toEqual(ofChain);
    });

    test('passes the trace on to the table', async () => {
      await uncached.reader('GET', '/movies/2013/Rush');
      const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
      const seen = uncached.database.seen.length;

      await uncached.reader('GET', '/movies/2013/Rush', {
        headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-00` },
      });

      expect(uncached.database.seen.slice(seen)).toMatchObject([
        { traceparent: expect.stringMatching(`^00-${traceId}-[\\da-f]{16}-00$`) },
      ]);
    });
  });

  describe('to who is not remembered', () => {
    const apis: Api[] = [];
    const start = async (settings: Readonly<Record<string, string>> = {}) => {
      const started = await startApi({ TOKEN_CACHE_TTL_MS: '0', ...settings });
      apis.push(started);
      return started;
    };
    let unsure: Api;
    beforeAll(async () => {
      unsure = await start();
      await unsure.writer('POST', '/movies', { body: aMovie() });
    });
    afterAll(() => Promise.all(apis.map((started) => started.stop())));

    /** The answer of both, which are the same. */
    async function askBoth({ stranger, log }: Api, authorization: string): Promise<Answer> {
      const headers = { 'x-request-id': 'one-and-the-same', authorization };
      const lines = log.length;

      const chain = await stranger('GET', '/movies/2013/Rush', { headers: { ...headers, ...notPlain } });
      const front = await stranger('GET', '/movies/2013/Rush', { headers });

      expect(comparable(front)).toEqual(comparable(chain));
      const [ofChain, ofFront] = log.slice(lines).map(withoutTimes);
      expect(ofFront).toEqual(ofChain);
      return front;
    }

    test.each<[string, number, (issuer: Api['issuer']) => string | Promise<string>]>([
      ['who may read', 200, (issuer) => issuer.token('movies/read')],
      ['who may only write', 403, (issuer) => issuer.token('movies/write')],
      ['who has no scope', 403, (issuer) => issuer.token('')],
      ['a forged signature', 401, async (issuer) => `${await issuer.token('movies/read')}x`],
      ['a token for nobody', 401, (issuer) => issuer.sign({ iss: issuer.issuer, exp: 4_000_000_000 })],
      ['what is no token', 401, () => 'a'],
      ['two tokens', 401, () => 'a b'],
    ])('is the same as the full chain’s: %s', async (_what, status, token) => {
      const answer = await askBoth(unsure, `Bearer ${await token(unsure.issuer)}`);

      expect(answer.status).toBe(status);
    });

    test('is the same as the full chain’s: without an issuer', async () => {
      const closed = await start({ OIDC_ISSUER: '', OIDC_AUDIENCE: '' });

      const answers = [await askBoth(closed, 'Bearer a.b.c'), await askBoth(closed, 'Bearer a b')];

      expect(answers.map(({ status }) => status)).toEqual([401, 401]);
    });

    test('is the same as the full chain’s: an issuer that is away', async () => {
      const lonely = await start({ OIDC_JWKS_URI: 'http://127.0.0.1:9/keys' });

      const answer = await askBoth(lonely, `Bearer ${await lonely.issuer.token('movies/read')}`);

      expect(answer.status).toBe(503);
    });
  });

  test('needs no database, has an id of its own, one log line and one observation', async () => {
    await api.reader('GET', '/movies/2013/Rush');
    const [seen, lines, counted] = [api.database.seen.length, api.log.length, await requests()];

    const answers = [
      await api.reader('GET', '/movies/2013/Rush'),
      await api.reader('GET', '/movies/2013/Rush'),
    ];

    const ids = answers.map(({ headers }) => headers['x-request-id']);
    expect(new Set(ids).size).toBe(2);
    expect(api.database.seen).toHaveLength(seen);
    expect(api.log.slice(lines)).toEqual(
      ids.map((requestId) =>
        expect.objectContaining({
          msg: 'request',
          requestId,
          method: 'GET',
          route: '/movies/{year}/{title}',
          status: 200,
          durationMs: expect.any(Number),
          traceId: expect.stringMatching(/^[\da-f]{32}$/),
        }),
      ),
    );
    expect(await requests()).toBe(counted + 2);
  });

  test('is not for who may not read it', async () => {
    await api.reader('GET', '/movies/2013/Rush');

    const [nobody, stranger] = [
      await api.nobody('GET', '/movies/2013/Rush'),
      await api.stranger('GET', '/movies/2013/Rush'),
    ];

    expect([nobody.status, stranger.status]).toEqual([403, 401]);
  });

  test('is never older than the last change made here', async () => {
    const path = '/movies/2013/Changing';
    await api.reader('GET', path);
    await api.writer('POST', '/movies', { body: aMovie({ title: 'Changing' }) });
    const created = await api.reader('GET', path);
    await api.writer('PATCH', path, { body: { info: { rating: 1 } } });
    const patched = await api.reader('GET', path);
    await api.writer('DELETE', path);
    const removed = await api.reader('GET', path);

    expect([created, patched, removed].map(({ status }) => status)).toEqual([200, 200, 404]);
    expect(patched.json).toMatchObject({ info: { rating: 1 } });
  });

  async function requests(): Promise<number> {
    const { text } = await api.metrics('GET', '/metrics');
    const line =
      /^http_request_duration_seconds_count\{route="\/movies\/\{year\}\/\{title\}",method="GET",status_class="2xx"\} (\d+)$/m;
    return Number(line.exec(text)?.[1]);
  }
});
