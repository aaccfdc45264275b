import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startFront, type Front } from '../../../tools/sandbox/emulator/front.ts';
import { createRawClient } from './client.ts';

/** In moto's place: answers a call when it is told to. */
const arrived: { readonly service: string; readonly response: ServerResponse }[] = [];
const backend = createServer((request, response) => {
  const service = /\/(\w+)\/aws4_request/.exec(request.headers.authorization ?? '')?.[1] ?? '';
  arrived.push({ service, response });
  backend.emit('arrived');
});
let front: Front;

beforeAll(async () => {
  backend.listen(0, '127.0.0.1');
  await once(backend, 'listening');
  const { port } = backend.address() as AddressInfo;
  const moto = { url: new URL(`http://127.0.0.1:${port}`), errors: () => ({ count: 0, last: '' }) };
  front = await startFront({ moto, gaps: [], nameRest: () => 'GetObject', port: 0 });
});

afterAll(async () => {
  await front.stop();
  backend.close();
});

async function next(service: string): Promise<ServerResponse> {
  for (;;) {
    const [found] = arrived.filter((call) => call.service === service);
    if (found !== undefined) {
      arrived.splice(arrived.indexOf(found), 1);
      return found.response;
    }
    await once(backend, 'arrived');
  }
}

test('calls of IAM wait for each other, and others for none: moto crashes when one of IAM meets another', async () => {
  const client = createRawClient(front.url);
  const calls = ['A', 'B', 'C'].map((name) => client.form('iam', { Action: `Get${name}` }));

  const first = await next('iam');
  const other = client.rest('s3', 'GET', '/bucket/object');
  (await next('s3')).end();
  const waitingAtMoto = arrived.filter(({ service }) => service === 'iam').length;
  first.end();
  (await next('iam')).end();
  (await next('iam')).end();

  expect(waitingAtMoto).toBe(0);
  expect((await Promise.all([...calls, other])).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
});
