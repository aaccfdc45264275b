import { once } from 'node:events';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Api, startApi } from '../../support/api.ts';
import { eventually } from '../../support/eventually.ts';
import { describeWith } from '../../support/requirements.ts';
import { raw } from './attacker.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi({
    REQUEST_TIMEOUT_MS: '1000',
    KEEP_ALIVE_TIMEOUT_MS: '1000',
    MAX_REQUESTS_IN_FLIGHT: '8',
  });
});
afterAll(() => api.stop());

let socket: Socket;
beforeEach(async () => {
  socket = connect({ port: api.port, host: '127.0.0.1' });
  socket.on('error', () => undefined);
  socket.pause();
  await once(socket, 'connect');
});
afterEach(() => {
  socket.destroy();
});

const inFlight = async () => {
  const { text } = await api.metrics('GET', '/metrics');
  return Number(/^http_requests_in_flight (\d+)$/m.exec(text)?.[1]);
};
const reaches = (count: number) =>
  eventually(async () => {
    expect(await inFlight()).toBe(count);
  });

describe('clients that do not take their answers (API4)', () => {
  test('who asks for much and never reads is cut off, and does not count for ever', async () => {
    const large = raw(['GET /api/docs/swagger-ui-bundle.js HTTP/1.1', 'Host: api']);
    const closed = once(socket, 'close');

    socket.write(large.repeat(30));
    await eventually(async () => {
      expect(await inFlight()).toBeGreaterThan(0);
    });
    await reaches(0);
    // The end is behind what was never read.
    socket.resume();
    await closed;

    expect(socket.bytesRead).toBeLessThan(30_000_000);
  });

  test('who pipelines requests and leaves takes no place from those who stay', async () => {
    const authorization = `Authorization: Bearer ${await api.issuer.token('movies/read')}`;
    const waits = raw(['GET /movies HTTP/1.1', 'Host: api', authorization]);
    api.database.delayMs = 300;
    const arrived = api.database.nextCall();

    socket.write(`${waits}${raw(['GET /version HTTP/1.1', 'Host: api']).repeat(20)}`);
    await arrived;
    socket.destroy();
    await reaches(0);
    api.database.delayMs = 0;

    expect((await api.stranger('GET', '/version')).status).toBe(200);
  });
});

const descriptors = '/proc/self/fd';
const listing = {
  name: descriptors,
  missing: () => (existsSync(descriptors) ? undefined : 'this system does not list open files in /proc'),
};
const openFiles = () =>
  readdirSync(descriptors).flatMap((name) => {
    try {
      return [readlinkSync(`${descriptors}/${name}`)];
    } catch {
      // Closed since it was listed, as the one of the listing itself.
      return [];
    }
  });

describeWith([listing], 'files behind answers that nobody takes (API4)', () => {
  test('are closed when who asked for them leaves', async () => {
    const file = 'swagger-ui-bundle.js';
    const held = () => openFiles().filter((path) => path.endsWith(file)).length;

    socket.write(raw([`GET /api/docs/${file} HTTP/1.1`, 'Host: api']).repeat(8));
    await eventually(() => {
      expect(held()).toBeGreaterThan(1);
      return Promise.resolve();
    });
    socket.destroy();
    await reaches(0);

    await eventually(
      () => {
        expect(held()).toBe(0);
        return Promise.resolve();
      },
      { deadlineMs: 5_000 },
    );
  });
});
