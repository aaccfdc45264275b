import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { json } from 'node:stream/consumers';
import { expect, test } from '@jest/globals';
import type { Answer, Call } from '../../../tools/sandbox/emulator/call.ts';
import { createDataPlane } from '../../../tools/sandbox/emulator/front.ts';

const call: Call = {
  service: 'ecs',
  action: 'ListTasks',
  protocol: 'json',
  method: 'POST',
  url: '/',
  headers: {},
  body: Buffer.from('{"cluster":"movies"}'),
};
const given: Answer = { status: 200, headers: { 'x-from': 'moto' }, body: Buffer.from('{"taskArns":[]}') };

const request = (method: string, body: unknown): IncomingMessage =>
  Object.assign(Readable.from([Buffer.from(JSON.stringify(body))]), { method }) as unknown as IncomingMessage;

/** Completes an answer by saying what it was asked. */
async function startCompleter() {
  const server = createServer((incoming, response) => {
    void json(incoming).then((asked) => response.end(JSON.stringify({ completed: JSON.stringify(asked) })));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return { url: `http://127.0.0.1:${port}`, stop: () => server.close() };
}

test('whoever runs the tasks completes what it registered for, and nothing else', async () => {
  const completer = await startCompleter();
  const dataPlane = createDataPlane();
  await dataPlane.configure(request('PUT', { url: completer.url, actions: ['ecs.ListTasks'] }));

  const completed = await dataPlane.complete(call, given);
  const other = await dataPlane.complete({ ...call, action: 'DescribeClusters' }, given);

  expect(JSON.parse(completed.body.toString())).toEqual({
    action: 'ecs.ListTasks',
    request: '{"cluster":"movies"}',
    answer: '{"taskArns":[]}',
  });
  expect(other).toBe(given);
  completer.stop();
});

test('when nobody answers any more, or has signed off, the control plane speaks for itself', async () => {
  const completer = await startCompleter();
  const dataPlane = createDataPlane();
  await dataPlane.configure(request('PUT', { url: 'http://127.0.0.1:9', actions: ['ecs.ListTasks'] }));
  const unanswered = await dataPlane.complete(call, given);

  await dataPlane.configure(request('PUT', { url: completer.url, actions: ['ecs.ListTasks'] }));
  await dataPlane.configure(request('DELETE', {}));
  const signedOff = await dataPlane.complete(call, given);

  expect([unanswered, signedOff]).toEqual([given, given]);
  completer.stop();
});
