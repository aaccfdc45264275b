import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Api, startApi } from '../../support/api.ts';
import { exchange, raw, statuses } from './attacker.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi({ REQUEST_TIMEOUT_MS: '200' });
});
afterAll(() => api.stop());
// Whatever is hidden in a message has this id, so that the log would show it.
const hidden =
  'GET /hidden HTTP/1.1\r\nHost: api\r\nX-Request-Id: hidden-request\r\nConnection: close\r\n\r\n';
let logged = 0;
beforeEach(() => {
  logged = api.log.length;
});
afterEach(() => {
  expect(api.log.slice(logged).filter(({ requestId }) => requestId === 'hidden-request')).toEqual([]);
});

const send = (bytes: string, drops = '') => exchange({ port: api.port, host: '127.0.0.1' }, bytes, drops);
const post = 'POST /echo HTTP/1.1';
const host = 'Host: api';

const hiding = (...lines: string[]) => raw([post, host, ...lines], hidden);
const hidingBehindChunks = (...lines: string[]) => raw([post, host, ...lines], `0\r\n\r\n${hidden}`);

describe('messages with two meanings (API8)', () => {
  test('a plain message is answered, so that the refusals below mean something', async () => {
    const received = await send(raw([post, host, 'Content-Length: 2', 'Connection: close'], '{}'));

    expect(received).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nECHO: POST$/);
  });

  test.each<[string, string]>([
    ['CL.TE', hidingBehindChunks('Content-Length: 6', 'Transfer-Encoding: chunked')],
    [
      'TE.CL',
      raw([post, host, 'Transfer-Encoding: chunked', 'Content-Length: 4'], `5c\r\n${hidden}\r\n0\r\n\r\n`),
    ],
    ['two lengths that differ', hiding('Content-Length: 0', 'Content-Length: 44')],
    ['two lengths that agree', hiding('Content-Length: 0', 'Content-Length: 0')],
    ['a list of lengths', hiding('Content-Length: 0, 44')],
    ['a length with a sign', hiding('Content-Length: +0')],
    ['a negative length', hiding('Content-Length: -1')],
    ['a length in hexadecimal', hiding('Content-Length: 0x0')],
    ['a length beyond 64 bits', hiding(`Content-Length: ${'9'.repeat(30)}`)],
    ['an empty length', hiding('Content-Length: ')],
    ['a space before the colon', hidingBehindChunks('Transfer-Encoding : chunked')],
    ['a folded header', hidingBehindChunks('X-A: b', ' Transfer-Encoding: chunked')],
    ['a folded Transfer-Encoding', hidingBehindChunks('Transfer-Encoding:', ' chunked')],
    ['chunked that is not the last coding', hidingBehindChunks('Transfer-Encoding: chunked, identity')],
    ['chunked twice', hidingBehindChunks('Transfer-Encoding: chunked', 'Transfer-Encoding: identity')],
    ['a coding behind a vertical tab', hidingBehindChunks('Transfer-Encoding: \x0bchunked')],
    ['a null byte in a header', hiding('X-A: b\0c')],
    ['a bare CR in a header', hiding('X-A: b\rTransfer-Encoding: chunked')],
    ['a header without a colon', hiding('Transfer-Encoding chunked')],
    ['a header without a name', hiding(': chunked')],
    ['a version that does not exist', raw(['GET / HTTP/1.9', host], hidden)],
    ['a method of its own', raw(['GET_ / HTTP/1.1', host], hidden)],
    ['a method in lower case', raw(['get / HTTP/1.1', host], hidden)],
    ['HTTP/0.9', `GET /\r\n${hidden}`],
    ['the preface of HTTP/2', `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${hidden}`],
    ['TLS', `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03${hidden}`],
    ["a proxy's own preface", `PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n${hidden}`],
  ])('%s is refused, and nothing behind it is answered', async (_what, bytes) => {
    const received = await send(bytes);

    expect(statuses(received)).toEqual([400]);
  });

  test.each<[string, string]>([
    ['no number', 'zz\r\n'],
    ['a sign', '-1\r\n'],
    ['0x', '0x2\r\n{}\r\n0\r\n\r\n'],
    ['more than 64 bits', `${'f'.repeat(17)}\r\n{}\r\n0\r\n\r\n`],
    ['less than what comes', '1\r\n{}\r\n0\r\n\r\n'],
    ['a space in front', ' 2\r\n{}\r\n0\r\n\r\n'],
    ['a bare line feed', '2\n{}\r\n0\r\n\r\n'],
  ])(
    'a chunk whose size is %s ends the connection, and nothing behind it is answered',
    async (_what, chunks) => {
      const authorization = `Authorization: Bearer ${await api.issuer.token('movies/write')}`;
      const type = 'Content-Type: application/json';

      const received = await send(
        raw(
          ['POST /movies HTTP/1.1', host, authorization, type, 'Transfer-Encoding: chunked'],
          `${chunks}${hidden}`,
        ),
      );

      expect(statuses(received)).toEqual([400]);
    },
  );

  test.each<[string, string[]]>([
    ['Host', ['Host: attacker.example']],
    ['Content-Type', ['Content-Type: application/json', 'Content-Type: text/plain']],
  ])('%s that is given more than once is refused', async (field, lines) => {
    const received = await send(raw(['GET / HTTP/1.1', host, ...lines, 'Connection: close']));

    expect(statuses(received)).toEqual([400]);
    expect(received).toContain(
      `"errors":[{"in":"header","field":"${field}","message":"is given more than once"}]`,
    );
  });
});

describe('messages that ask for another protocol (API8)', () => {
  // The example of RFC 6455, encoded here: as a literal it looks like a key to scanners.
  const key = `Sec-WebSocket-Key: ${Buffer.from('the sample nonce').toString('base64')}`;
  test.each<[string, string[]]>([
    [
      'HTTP/2',
      [
        'Connection: Upgrade, HTTP2-Settings, close',
        'Upgrade: h2c',
        'HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA',
      ],
    ],
    ['WebSocket', ['Connection: Upgrade, close', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', key]],
  ])('an upgrade to %s does not happen, nor is authentication passed by it', async (_what, lines) => {
    const received = await send(raw(['GET /movies HTTP/1.1', host, ...lines]));

    expect(statuses(received)).toEqual([401]);
  });

  test.each<[string, string, number]>([
    ['CONNECT to elsewhere opens no tunnel', 'CONNECT 169.254.169.254:80 HTTP/1.1', 405],
    [
      'an absolute address is no way to elsewhere',
      'GET http://169.254.169.254/latest/meta-data/ HTTP/1.1',
      404,
    ],
  ])('%s (API7)', async (_what, line, status) => {
    const received = await send(raw([line, host, 'Connection: close']));

    expect(statuses(received)).toEqual([status]);
  });

  test.each([
    ['/', 405],
    ['/movies', 401],
    ['/nothing', 404],
  ])('TRACE %s repeats no header', async (path, status) => {
    const received = await send(
      raw([`TRACE ${path} HTTP/1.1`, host, 'X-Secret: hush', 'Cookie: hush', 'Connection: close']),
    );

    expect(statuses(received)).toEqual([status]);
    expect(received).not.toContain('hush');
  });
});

describe('messages that are too large (API4)', () => {
  test.each<[string, string]>([
    ['an address of 20 kB', raw([`GET /movies?title=${'x'.repeat(20_000)} HTTP/1.1`, host])],
    ['a header of 20 kB', raw(['GET / HTTP/1.1', host, `X-A: ${'x'.repeat(20_000)}`])],
    [
      '40 kB of small headers',
      raw(['GET / HTTP/1.1', host, ...Array.from({ length: 4_000 }, (_, at) => `X-${at}: y`)]),
    ],
    ['20 kB of header name', raw(['GET / HTTP/1.1', host, `${'x'.repeat(20_000)}: y`])],
  ])('%s is refused', async (_what, bytes) => {
    const received = await send(`${bytes}${hidden}`);

    expect(statuses(received)).toEqual([431]);
  });

  test('20 kB of chunk extensions end the connection', async () => {
    const received = await send(
      raw([post, host, 'Transfer-Encoding: chunked'], `2;${'x'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`),
    );

    expect(statuses(received).at(-1)).toBe(413);
  });
});

describe('clients that are too slow (API4)', () => {
  const movie = 'POST /movies HTTP/1.1';
  const length = 'Content-Length: 100';
  const chunked = 'Transfer-Encoding: chunked';
  const waits: [string, () => string, drops?: string][] = [
    ['a connection that says nothing', () => ''],
    ['a request line without an end', () => 'GET / HT'],
    ['headers without an end', () => `GET / HTTP/1.1\r\n${host}\r\nX-A: b\r\n`],
    ['a body that does not come', () => raw([post, host, length], '{')],
    ['a chunk that does not come', () => raw([post, host, 'Transfer-Encoding: chunked'], '5\r\n{')],
    [
      'a body that a stranger holds back',
      () => raw([movie, host, length, 'Content-Type: application/json'], '{'),
    ],
    [
      'a movie that does not come',
      () => raw([movie, host, length, 'Content-Type: application/json', authorization], '{'),
    ],
    // Never idle, so that only the time of the whole request is left to end it.
    ['a request line that drips', () => 'GET /', 'x'],
    ['headers that drip', () => `GET / HTTP/1.1\r\n${host}\r\n`, 'X-A: b\r\n'],
    ['a body that drips', () => raw([post, host, 'Content-Length: 90000'], '{'), ' '],
    [
      'a movie that drips in chunks',
      () => raw([movie, host, chunked, 'Content-Type: application/json', authorization]),
      '1\r\n \r\n',
    ],
  ];
  let authorization: string;
  let received: ReadonlyMap<string, string>;
  beforeAll(async () => {
    authorization = `Authorization: Bearer ${await api.issuer.token('movies/write')}`;
    // All at once, since each takes as long as the service is patient.
    received = new Map(
      await Promise.all(
        waits.map(async ([what, bytes, drops]) => [what, await send(bytes(), drops)] as const),
      ),
    );
  });

  test.each(waits)('%s is cut off', (what) => {
    expect(received.get(what)).toMatch(/HTTP\/1\.1 408 /);
  });
});
