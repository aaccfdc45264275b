import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createLogger } from '../../app/src/telemetry/logger.ts';
import { type Api, startApi } from '../support/api.ts';

/** What must never be in a log, as it would be there. */
const secrets = {
  'a bearer token': `Bearer ${['eyJhbGciOiJFUzI1NiJ9', 'eyJzdWIiOiJodXNoIn0', 'aHVzaC1zaWduYXR1cmU'].join('.')}`,
  'a token of basic authentication': 'Basic aHVzaDpodXNo',
  'a session cookie': 'session=hush-cookie',
  'an API key': 'hush-api-key',
  'an AWS key': 'AKIAHUSHHUSHHUSHHUSH',
  'an AWS session token': 'hush-session-token',
  'a forwarded address': '203.0.113.77',
};
const headers = {
  'a bearer token': 'authorization',
  'a token of basic authentication': 'authorization',
  'a session cookie': 'cookie',
  'an API key': 'x-api-key',
  'an AWS key': 'x-amz-credential',
  'an AWS session token': 'x-amz-security-token',
  'a forwarded address': 'x-forwarded-for',
} as const;

let api: Api;
beforeAll(async () => {
  api = await startApi({ LOG_LEVEL: 'trace' });
});
afterAll(() => api.stop());

const kinds = Object.keys(secrets) as (keyof typeof secrets)[];
const linesOf = (requestId: string) =>
  api.log.filter((entry) => entry['requestId'] === requestId).map((entry) => JSON.stringify(entry));

describe.each(kinds)('%s', (kind) => {
  const secret = secrets[kind];

  test('in a header is not logged', async () => {
    const requestId = `header-${kinds.indexOf(kind)}-x`;

    await api.stranger('GET', '/movies?year=2013', {
      headers: { [headers[kind]]: secret, 'x-request-id': requestId },
    });

    expect(linesOf(requestId)).toEqual([expect.not.stringContaining(secret)]);
  });

  test('in the address, the query or the body is not logged, also when the request is refused or fails', async () => {
    const requestId = `body-${kinds.indexOf(kind)}-xx`;
    const send = { headers: { 'x-request-id': requestId } };
    api.database.mood = 'broken';

    await api.reader('GET', `/movies/2013/${encodeURIComponent(secret)}`, send);
    await api.reader(
      'GET',
      `/movies?title=${encodeURIComponent(secret)}&token=${encodeURIComponent(secret)}`,
      send,
    );
    await api.writer('POST', '/movies', {
      ...send,
      body: { year: 2013, title: secret, info: { plot: secret } },
    });
    await api.writer('POST', '/movies', { ...send, body: { year: secret, title: 1, password: secret } });
    api.database.mood = 'well';

    expect(linesOf(requestId)).toEqual(Array.from({ length: 4 }, () => expect.not.stringContaining(secret)));
  });
});

describe('an error in the log', () => {
  test('has its chain of causes to the first, and nothing that is attached to them', () => {
    const lines: string[] = [];
    const logger = createLogger(
      { level: 'info', service: 'movies-api', version: '0' },
      new Writable({
        write(line: Buffer, _encoding, done) {
          lines.push(line.toString());
          done();
        },
      }),
    );
    const first = Object.assign(new TypeError('socket closed'), {
      headers: { authorization: secrets['a bearer token'] },
    });
    const second = Object.assign(new Error('call failed', { cause: first }), {
      request: secrets['an API key'],
    });

    logger.error({ err: new RangeError('no answer', { cause: second }) }, 'request');

    expect(JSON.parse(lines.join(''))).toMatchObject({
      err: {
        type: 'RangeError',
        message: 'no answer',
        stack: expect.any(String),
        cause: {
          type: 'Error',
          message: 'call failed',
          cause: { type: 'TypeError', message: 'socket closed' },
        },
      },
    });
    expect(lines.join('')).not.toMatch(/hush|eyJ/);
  });
});
