import type { IncomingHttpHeaders } from 'node:http';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createDynamoClient } from '../../../app/src/dynamo/client.ts';
import { createLimiter, withDeadline } from '../../../app/src/dynamo/limits.ts';
import { createReadiness } from '../../../app/src/dynamo/repository.ts';
import { Throttled } from '../../../app/src/movies/errors.ts';
import { type FaultyDynamoDb, startFaultyDynamoDb } from '../../support/faulty-dynamodb.ts';

const region = 'eu-west-1';
const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
let heard: IncomingHttpHeaders[];
let database: FaultyDynamoDb;

beforeEach(async () => {
  heard = [];
  database = await startFaultyDynamoDb(({ headers }, response) => {
    heard.push(headers);
    response.setHeader('content-type', 'application/x-amz-json-1.0').end('{"TableNames":[]}');
  });
});

afterEach(() => database.stop());

/** Each fails the day that the SDK no longer does by default what is left out here. */
describe('what the SDK does by default for each call, and this client does not', () => {
  const partsOf = (client: DynamoDBClient): string => client.middlewareStack.identify().join('\n');

  test.each(['loggerMiddleware', 'getUserAgentMiddleware', 'recursionDetectionMiddleware'])(
    '%s is left out',
    (name) => {
      expect(partsOf(new DynamoDBClient({ region }))).toContain(name);
      expect(partsOf(createDynamoClient({ region }))).not.toContain(name);
    },
  );

  test('the chain of middleware is put together once, with a deadline, too, not for each call', async () => {
    const resolving = jest.spyOn(ListTablesCommand.prototype, 'resolveMiddleware');
    const timesFor = async (client: DynamoDBClient, call: () => Promise<unknown>) => {
      resolving.mockClear();
      await call();
      await call();
      client.destroy();
      return resolving.mock.calls.length;
    };
    const { endpoint } = database;
    const stock = new DynamoDBClient({ region, endpoint, credentials, cacheMiddleware: true });
    const ours = createDynamoClient({ region, endpoint });

    const { signal: abortSignal } = new AbortController();
    expect(await timesFor(stock, () => stock.send(new ListTablesCommand({}), { abortSignal }))).toBe(2);
    expect(await timesFor(ours, () => withDeadline(10_000, () => ours.send(new ListTablesCommand({}))))).toBe(
      1,
    );
  });
});

type Strategy = Awaited<ReturnType<DynamoDBClient['config']['retryStrategy']>>;
/** The kind of strategy that the SDK asks today. */
function withTokens(strategy: Strategy): Extract<Strategy, { acquireInitialRetryToken: unknown }> {
  if ('acquireInitialRetryToken' in strategy) return strategy;
  throw new Error('The strategy is of the old kind.');
}

test('callers that fail together do not come again together: each pause is drawn anew, and a short one', async () => {
  const timer = jest.spyOn(globalThis, 'setTimeout');
  const pauses = async (random: () => number): Promise<readonly unknown[]> => {
    const client = createDynamoClient({ region, endpoint: database.endpoint, random });
    const strategy = withTokens(await client.config.retryStrategy());
    let token = await strategy.acquireInitialRetryToken('');
    timer.mockClear();
    // The strategy itself waits here.
    for (let attempt = 1; attempt < 3; attempt += 1)
      token = await strategy.refreshRetryTokenForRetry(token, { errorType: 'TRANSIENT' });
    client.destroy();
    return timer.mock.calls.map(([, ms]) => ms);
  };

  const drawn = [await pauses(() => 0), await pauses(() => 0.5), await pauses(() => 1)];
  timer.mockRestore();

  expect(drawn).toEqual([
    [0, 0],
    [25, 50],
    [50, 100],
  ]);
});

test('each request says who sent it and is signed', async () => {
  const client = createDynamoClient({ region, endpoint: database.endpoint });
  await client.send(new ListTablesCommand({}));
  client.destroy();

  expect(heard).toMatchObject([
    {
      'user-agent': expect.stringMatching(/^movies-api\/\d+\.\d+\.\d+ aws-sdk-js\/3$/),
      authorization: expect.stringMatching(
        /^AWS4-HMAC-SHA256 Credential=local\/\d{8}\/eu-west-1\/dynamodb\/aws4_request, /,
      ),
    },
  ]);
});

test('a clock that is wrong is put right by what the table says of the time', async () => {
  const hourMs = 3_600_000;
  await database.stop();
  database = await startFaultyDynamoDb(({ headers }, response) => {
    heard.push(headers);
    response.setHeader('date', new Date(Date.now() + hourMs).toUTCString());
    response.setHeader('content-type', 'application/x-amz-json-1.0').end('{"TableNames":[]}');
  });
  const client = createDynamoClient({ region, endpoint: database.endpoint });
  await client.send(new ListTablesCommand({}));
  await client.send(new ListTablesCommand({}));
  client.destroy();

  const [first = Number.NaN, second = Number.NaN] = heard.map((headers) =>
    Date.parse(String(headers['x-amz-date']).replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5')),
  );
  expect(second - first).toBeGreaterThan(hourMs / 2);
});

function aTask() {
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => (finish = resolve));
  return { run: () => finished, finish };
}

describe('the limiter', () => {
  test('runs as many as allowed, the others in their order as places get free, and none twice', async () => {
    const limiter = createLimiter({ concurrency: 2, maxWaiting: 10, maxWaitMs: 60_000 });
    const tasks = Array.from({ length: 5 }, aTask);
    const started: number[] = [];
    const runs = tasks.map((task, n) => limiter.run(() => (started.push(n), task.run())));

    expect(started).toEqual([0, 1]);
    tasks[1]?.finish();
    await runs[1];
    await Promise.resolve();
    expect(started).toEqual([0, 1, 2]);
    for (const task of tasks) task.finish();
    await Promise.all(runs);
    expect(started).toEqual([0, 1, 2, 3, 4]);
  });

  test('a task that fails frees its place', async () => {
    const limiter = createLimiter({ concurrency: 1, maxWaiting: 1, maxWaitMs: 60_000 });

    await expect(limiter.run(() => Promise.reject(new Error('Broken')))).rejects.toThrow('Broken');

    expect(await limiter.run(() => Promise.resolve('next'))).toBe('next');
  });

  test('one too many is refused at once; one that waits too long later; neither ever runs', async () => {
    const limiter = createLimiter({ concurrency: 1, maxWaiting: 1, maxWaitMs: 20 });
    const busy = aTask();
    const started: string[] = [];
    const first = limiter.run(busy.run);

    const waiting = limiter.run(() => Promise.resolve(started.push('waiting')));
    const refused = limiter.run(() => Promise.resolve(started.push('refused')));

    await expect(refused).rejects.toThrow(new Throttled('Too many requests wait for the database already.'));
    await expect(waiting).rejects.toThrow(
      new Throttled('The database was busy with other requests for 20 ms.'),
    );
    busy.finish();
    await first;
    expect(await limiter.run(() => Promise.resolve('free again'))).toBe('free again');
    expect(started).toEqual([]);
  });
});

describe('readiness', () => {
  function aProbe() {
    let count = 0;
    const tasks: { resolve: () => void; reject: (error: Error) => void }[] = [];
    const probe = () => {
      count += 1;
      return new Promise<void>((resolve, reject) => tasks.push({ resolve, reject }));
    };
    return { probe, tasks, count: () => count };
  }

  test('its answer is shared by all who ask meanwhile and shortly after, then it probes again', async () => {
    let time = 0;
    const { probe, tasks, count } = aProbe();
    const ready = createReadiness(probe, { cacheMs: 1_000, now: () => time });

    const asked = [ready(), ready()];
    time = 5_000;
    asked.push(ready());
    tasks[0]?.resolve();
    await Promise.all(asked);
    time = 5_999;
    await ready();
    expect(count()).toBe(1);

    time = 6_000;
    const again = ready();
    tasks[1]?.resolve();
    await again;
    expect(count()).toBe(2);
  });

  test('bad news is shared just as well', async () => {
    let time = 0;
    const { probe, tasks, count } = aProbe();
    const ready = createReadiness(probe, { cacheMs: 1_000, now: () => time });

    const asked = ready();
    tasks[0]?.reject(new Error('Gone'));
    await expect(asked).rejects.toThrow('Gone');
    time = 500;

    await expect(ready()).rejects.toThrow('Gone');
    expect(count()).toBe(1);
  });
});
