import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { noFaults } from '../../../tools/sandbox/deployment/faults.ts';
import { startDatabaseLink, type DatabaseLink } from '../../../tools/sandbox/deployment/database.ts';

describe('the link to the database', () => {
  let target: Server;
  let link: DatabaseLink;
  let drawn = 0;

  beforeAll(async () => {
    target = createServer((request, response) => {
      response.writeHead(200, { 'x-target': request.headers['x-amz-target'] }).end('{"answered":true}');
    });
    target.listen(0, '127.0.0.1');
    await once(target, 'listening');
    const address = target.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    link = await startDatabaseLink(`http://127.0.0.1:${port}`, () => drawn);
  });

  afterEach(() => link.set(noFaults));

  afterAll(async () => {
    await link.stop();
    target.close();
  });

  const call = () =>
    fetch(link.url, { method: 'POST', body: '{}', headers: { 'x-amz-target': 'DynamoDB_20120810.Query' } });

  test('without faults everything is passed on, both ways', async () => {
    const answer = await call();

    expect([answer.status, answer.headers.get('x-target'), await answer.json()]).toEqual([
      200,
      'DynamoDB_20120810.Query',
      { answered: true },
    ]);
  });

  test('a slow database answers later, and the same', async () => {
    await link.set({ ...noFaults, latencyMs: 150 });
    const before = performance.now();

    const answer = await call();

    expect(answer.status).toBe(200);
    expect(performance.now() - before).toBeGreaterThanOrEqual(149);
  });

  test('a throttling database refuses the share that it was told to, as DynamoDB does', async () => {
    await link.set({ ...noFaults, throttleRatio: 0.5 });

    drawn = 0.49;
    const refused = await call();
    drawn = 0.5;
    const served = await call();

    expect([refused.status, served.status]).toEqual([400, 200]);
    expect(await refused.json()).toMatchObject({
      __type: expect.stringMatching(/#ProvisionedThroughputExceededException$/),
    });
  });

  test('a database that is gone refuses connections, and comes back at the same address', async () => {
    await link.set({ ...noFaults, refuse: true });
    await expect(call()).rejects.toThrow('fetch failed');

    await link.set(noFaults);

    expect((await call()).status).toBe(200);
  });
});
