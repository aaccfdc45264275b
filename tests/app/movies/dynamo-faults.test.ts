import { AsyncLocalStorage } from 'node:async_hooks';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { ensureTable } from '../../../app/src/local/create-table.ts';
import { startEmbeddedDynamoDb, type EmbeddedDynamoDb } from '../../../app/src/local/embedded-dynamodb.ts';
import { callMs, createDynamoClient, type DynamoSettings } from '../../../app/src/dynamo/client.ts';
import { type DynamoCall, toMovieError } from '../../../app/src/dynamo/calls.ts';
import { createDynamoRepository } from '../../../app/src/dynamo/repository.ts';
import type { MovieRepository } from '../../../app/src/movies/movie.ts';
import {
  Conflict,
  NotFound,
  PreconditionFailed,
  Throttled,
  TimedOut,
  Unavailable,
} from '../../../app/src/movies/errors.ts';
import {
  type Answer,
  failWith,
  type FaultyDynamoDb,
  forward,
  forwardTo,
  operationOf,
  startFaultyDynamoDb,
} from '../../support/faulty-dynamodb.ts';
import { eventually } from '../../support/eventually.ts';
import { aMovie } from '../../support/movies.ts';

let database: FaultyDynamoDb | undefined;
let calls: DynamoCall[];

async function repositoryOn(answer: Answer, settings: Partial<DynamoSettings> = {}) {
  database = await startFaultyDynamoDb(answer);
  calls = [];
  const client = createDynamoClient(
    { region: 'eu-west-1', endpoint: database.endpoint, ...settings },
    (call) => calls.push(call),
  );
  return createDynamoRepository({ client, tableName: 'movies', deadlineMs: 10_000, readyTimeoutMs: 200 });
}

afterEach(async () => {
  await database?.stop();
  database = undefined;
});

/** A movie that was just made is there, and an edit starts from the newest one: an engine on this machine never shows the loss. */
test('a movie is read consistently, also the one that an edit starts from', async () => {
  const asked: unknown[] = [];
  const repository = await repositoryOn((_request, response, body) => {
    asked.push(JSON.parse(body.toString()));
    response.setHeader('content-type', 'application/x-amz-json-1.0').end('{}');
  });

  await expect(repository.find(aMovie())).rejects.toThrow(NotFound);
  await expect(repository.update(aMovie(), 'any', { rank: 1 })).rejects.toThrow(NotFound);

  expect(asked).toEqual([
    expect.objectContaining({ TableName: 'movies', ConsistentRead: true }),
    expect.objectContaining({ TableName: 'movies', ConsistentRead: true }),
  ]);
});

describe('a database in trouble', () => {
  test.each([
    ['ThrottlingException', 400],
    ['ProvisionedThroughputExceededException', 400],
    ['RequestLimitExceeded', 400],
  ])('%s is tried three times and then is Throttled', async (type, status) => {
    const repository = await repositoryOn(failWith(status, type));

    await expect(repository.find(aMovie())).rejects.toThrow(Throttled);

    expect(calls).toEqual([
      expect.objectContaining({ operation: 'GetItem', outcome: 'throttled', retries: 2 }),
    ]);
    expect(database?.operations).toEqual(['GetItem', 'GetItem', 'GetItem']);
  });

  test.each<readonly [string, (repository: MovieRepository) => Promise<unknown>, string]>([
    ['a movie', (repository) => repository.find(aMovie()), ', year 2013'],
    ['the movies of a year', (repository) => repository.list({ year: 1994 }, 10), ', year 1994'],
    ['the movies of a title', (repository) => repository.list({ title: 'Rush' }, 10), ''],
  ])('throttled for %s, the cause says what was full and which year', async (_what, ask, year) => {
    const refusal = {
      __type: 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException',
      message: 'On purpose',
      ThrottlingReasons: [{ reason: 'TableReadKeyRangeThroughputExceeded', resource: 'arn:aws:dynamodb:x' }],
    };
    const repository = await repositoryOn((_request, response) => {
      response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(refusal));
    });

    await expect(ask(repository)).rejects.toMatchObject({
      message: 'The database asks for fewer requests.',
      cause: { message: `On purpose (TableReadKeyRangeThroughputExceeded${year})` },
    });
  });

  test('an internal error is tried three times and then is Unavailable, with its cause', async () => {
    const repository = await repositoryOn(failWith(500, 'InternalServerError'));

    const finding: Promise<unknown> = repository.list({ year: 2013 }, 10);

    await expect(finding).rejects.toThrow(Unavailable);
    const { cause } = (await finding.catch((error: unknown) => error)) as Unavailable;
    expect(cause).toMatchObject({ name: 'InternalServerError', message: 'On purpose' });
    expect(inspect(cause, { depth: 10, showHidden: true })).not.toMatch(
      /authorization|credential|signature/i,
    );
    expect(calls).toEqual([expect.objectContaining({ operation: 'Query', outcome: 'failed', retries: 2 })]);
  });

  test.each(['ResourceNotFoundException', 'AccessDeniedException'])(
    '%s is Unavailable at once',
    async (type) => {
      const repository = await repositoryOn(failWith(400, type));

      await expect(repository.list({}, 10)).rejects.toThrow(`The database can't be used: ${type}.`);
      expect(database?.operations).toEqual(['Scan']);
    },
  );

  test('silence is TimedOut within the time of all attempts', async () => {
    const repository = await repositoryOn(() => undefined, { requestTimeoutMs: 50 });

    await expect(repository.find(aMovie())).rejects.toThrow(TimedOut);

    expect(calls).toEqual([expect.objectContaining({ outcome: 'timed-out' })]);
  });

  test('silence ends at the deadline of a call when its attempts would take longer, and so does the request', async () => {
    let giveUp: () => void;
    const givenUp = new Promise<void>((resolve) => (giveUp = resolve));
    const repository = await repositoryOn(
      ({ socket }) => {
        socket.once('close', giveUp);
      },
      { requestTimeoutMs: 60_000 },
    );

    await expect(repository.ready()).rejects.toThrow(TimedOut);
    await givenUp;
    expect(calls).toEqual([expect.objectContaining({ outcome: 'timed-out', retries: 0 })]);
  });

  test('an answer that stops half-way is asked for again, and then is TimedOut', async () => {
    const repository = await repositoryOn(
      (_request, response) => {
        response.writeHead(200, { 'content-length': 100 }).write('{"Item":');
      },
      { requestTimeoutMs: 1_000, maxAttempts: 2 },
    );

    await expect(repository.find(aMovie())).rejects.toBeInstanceOf(TimedOut);
    expect(database?.operations).toHaveLength(2);
  });

  test('an answer that breaks off half-way is asked for again, and then is Unavailable', async () => {
    const repository = await repositoryOn(
      (_request, response) => {
        response.writeHead(200, { 'content-length': 100 }).write('{"Item":', () => response.destroy());
      },
      { maxAttempts: 2 },
    );

    await expect(repository.find(aMovie())).rejects.toBeInstanceOf(Unavailable);
    expect(database?.operations).toHaveLength(2);
  });

  test('nobody there is Unavailable', async () => {
    const repository = await repositoryOn(() => undefined);
    await database?.stop();
    database = undefined;

    await expect(repository.find(aMovie())).rejects.toThrow(Unavailable);
  });

  test('a hundred callers need no more connections than allowed, and those too many are Throttled', async () => {
    const repository = await repositoryOn(() => undefined, { concurrency: 2, maxWaiting: 3, maxWaitMs: 50 });

    const finds = await Promise.allSettled(Array.from({ length: 100 }, () => repository.find(aMovie())));

    const reasons = finds.map((find) => (find.status === 'rejected' ? (find.reason as unknown) : undefined));
    expect(reasons.filter((reason) => reason instanceof Throttled)).toHaveLength(98);
    expect(reasons.filter((reason) => reason instanceof TimedOut)).toHaveLength(2);
  });

  test('a broken connection is Unavailable, although the SDK calls it a timeout', () => {
    const reset = Object.assign(new Error('read ECONNRESET'), { name: 'TimeoutError', code: 'ECONNRESET' });

    expect(toMovieError(reset)).toBeInstanceOf(Unavailable);
    expect(toMovieError(reset).message).toBe("The database can't be used: ECONNRESET.");
    expect(toMovieError('nonsense').message).toBe("The database can't be used: unknown error.");
    expect(toMovieError(new NotFound('Mine'))).toEqual(new NotFound('Mine'));
  });
});

describe('the time of a call', () => {
  const clientOn = (requestTimeoutMs: number, concurrency = 64) => {
    const client = createDynamoClient({
      region: 'eu-west-1',
      endpoint: database?.endpoint ?? '',
      requestTimeoutMs,
      concurrency,
      maxWaitMs: 9_000,
    });
    const deadlineMs = callMs({ timeoutMs: requestTimeoutMs, maxAttempts: 3 });
    return createDynamoRepository({ client, tableName: 'movies', deadlineMs });
  };
  const item = JSON.stringify({ Item: { year: { N: '2013' }, title: { S: 'Rush' } } });
  const found: Answer = (_request, response) => {
    response.setHeader('content-type', 'application/x-amz-json-1.0').end(item);
  };

  test.each([100, 300, 1_000])(
    'an attempt of %d ms without an answer is followed by the next in time, and all fit',
    async (timeoutMs) => {
      let arrivals: number[] = [];
      let isWarm = false;
      database = await startFaultyDynamoDb((...request) => {
        if (!isWarm || arrivals.push(performance.now()) === 3) return found(...request);
      });
      const repository = clientOn(timeoutMs);
      // The first call compiles what the next one uses.
      await repository.find(aMovie()).catch(() => undefined);
      isWarm = true;
      // The timeout, and a pause.
      const most = timeoutMs * 1.2 + Math.min(timeoutMs / 4, 100) + 100;

      // A machine that is busy with others takes longer; attempts that are too far apart are so each time.
      await eventually(
        async () => {
          arrivals = [];
          const { movie } = await repository.find(aMovie());

          const [first = 0, second = 0, third = 0] = arrivals;
          expect(movie.title).toBe('Rush');
          expect(arrivals).toHaveLength(3);
          expect(Math.max(second - first, third - second)).toBeLessThan(most);
        },
        { deadlineMs: 120_000 },
      );
    },
  );

  test.each([300, 1_000])(
    'forty calls of a table that throttles all, at %d ms, are Throttled; silent ones TimedOut',
    async (timeoutMs) => {
      const outcomes = async (answer: Answer, calls: number) => {
        await database?.stop();
        database = await startFaultyDynamoDb(answer);
        const repository = clientOn(timeoutMs);
        const outcome = () => repository.find(aMovie()).catch((error: unknown) => (error as Error).name);
        // The first call compiles what the others use.
        await outcome();
        const ended = new Set<unknown>();
        for (let made = 0; made < calls; made += 5) {
          const some = await Promise.all(Array.from({ length: 5 }, outcome));
          some.forEach((name) => ended.add(name));
        }
        return ended;
      };

      expect(await outcomes(failWith(400, 'ThrottlingException'), 40)).toEqual(new Set(['Throttled']));
      expect(await outcomes(() => undefined, 5)).toEqual(new Set(['TimedOut']));
    },
  );

  test('throttled calls that pause take no place of others, nor of the probe', async () => {
    let [open, most] = [0, 0];
    database = await startFaultyDynamoDb((request, response, body) => {
      most = Math.max(most, (open += 1));
      response.once('finish', () => (open -= 1));
      const answer = body.includes('"Hot"') ? failWith(400, 'ThrottlingException') : found;
      return answer(request, response, body);
    });
    // Patient, since the machine may be busy with other tests: what is counted is places.
    const repository = clientOn(9_000, 2);
    const hot = Array.from({ length: 20 }, () =>
      repository.find({ year: 2013, title: 'Hot' }).catch((error: unknown) => error),
    );
    const others = Array.from({ length: 40 }, () => repository.find(aMovie()));

    const [answers] = await Promise.all([Promise.allSettled(others), repository.ready()]);

    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set(['fulfilled']));
    expect(new Set((await Promise.all(hot)).map((error) => (error as Error).name))).toEqual(
      new Set(['Throttled']),
    );
    // The probe needs no place.
    expect(most).toBeLessThanOrEqual(3);
  });

  test('the probe does not wait for places that silent calls hold', async () => {
    database = await startFaultyDynamoDb((request, response, body) =>
      body.includes('"ready?"') ? found(request, response, body) : undefined,
    );
    const repository = clientOn(1_000, 2);
    const silent = Array.from({ length: 10 }, () => repository.find(aMovie()).catch(() => undefined));

    await repository.ready();

    await Promise.all(silent);
  });
});

describe('movies that are read in one turn', () => {
  const findAll = (repository: MovieRepository, titles: readonly string[]) =>
    titles.map((title) => repository.find({ year: 2013, title }));
  const json = (response: Parameters<Answer>[1], answer: unknown) =>
    response.setHeader('content-type', 'application/x-amz-json-1.0').end(JSON.stringify(answer));
  const item = (title: string) => ({ year: { N: '2013' }, title: { S: title } });
  const titlesIn = (body: Buffer) =>
    [...body.toString().matchAll(/"title":\{"S":"([^"]*)"\}/g)].map(([, title = '']) => title);
  /** As DynamoDB answers while it throttles some keys: those are left over, or alone an error. */
  const throttling =
    (...hot: readonly string[]): Answer =>
    (request, response, body) => {
      const titles = titlesIn(body);
      const found = titles.filter((title) => !hot.includes(title));
      if (found.length === 0)
        return failWith(400, 'ProvisionedThroughputExceededException')(request, response, body);
      if (operationOf(request) === 'GetItem') json(response, { Item: item(titles[0] ?? '') });
      else
        json(response, {
          Responses: { movies: found.map(item) },
          UnprocessedKeys: { movies: { Keys: titles.filter((title) => hot.includes(title)).map(item) } },
        });
    };

  test('one consistent call asks for each of them once', async () => {
    const asked: unknown[] = [];
    const repository = await repositoryOn((request, response, body) => {
      asked.push(JSON.parse(body.toString()));
      return throttling()(request, response, body);
    });

    const found = await Promise.all(findAll(repository, ['A', 'B', 'A']));

    expect(found.map(({ movie }) => movie.title)).toEqual(['A', 'B', 'A']);
    expect(asked).toEqual([
      {
        ReturnConsumedCapacity: 'TOTAL',
        RequestItems: { movies: { ConsistentRead: true, Keys: [item('A'), item('B')] } },
      },
    ]);
  });

  test('who asks while a call is under way gets what is read after that', async () => {
    let first: (() => void) | undefined;
    const arrived = new Promise<void>((resolve) => (first = resolve));
    let version = 0;
    const repository = await repositoryOn((request, response) => {
      const read = (version += 1);
      if (read === 1) first?.();
      const one = { ...item('A'), info: { M: { rank: { N: String(read) } } } };
      if (operationOf(request) === 'GetItem') json(response, { Item: one });
      else json(response, { Responses: { movies: [one] } });
    });

    const early = Promise.all(findAll(repository, ['A', 'A']));
    await arrived;
    const late = await Promise.all(findAll(repository, ['A', 'A']));

    expect((await early).map(({ movie }) => movie.info.rank)).toEqual([1, 1]);
    expect(late.map(({ movie }) => movie.info.rank)).toEqual([2, 2]);
  });

  test('a throttled one is tried three times in all and is Throttled, and nobody else waits for it', async () => {
    const repository = await repositoryOn(throttling('Hot'));

    const finds = await Promise.allSettled(findAll(repository, ['A', 'Hot', 'B']));

    expect(finds.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(finds[1]).toMatchObject({ reason: expect.any(Throttled) as unknown });
    expect(database?.operations).toEqual(['BatchGetItem', 'GetItem', 'GetItem']);
    expect(calls[1]).toMatchObject({ operation: 'GetItem', outcome: 'throttled', retries: 2 });
  });

  test.each([
    ['ValidationException', 400],
    ['AccessDeniedException', 400],
    ['InternalServerError', 500],
  ])('where %s is the answer to all together, each asks alone', async (type, status) => {
    const repository = await repositoryOn((request, response, body) =>
      (operationOf(request) === 'BatchGetItem' ? failWith(status, type) : throttling())(
        request,
        response,
        body,
      ),
    );

    const found = await Promise.all(findAll(repository, ['A', 'B']));

    expect(found.map(({ movie }) => movie.title)).toEqual(['A', 'B']);
    expect(database?.operations).toEqual(['BatchGetItem', 'GetItem', 'GetItem']);
  });

  test('with no place for their call all are Throttled, and ask no more', async () => {
    const repository = await repositoryOn(() => undefined, {
      concurrency: 1,
      maxWaiting: 0,
      requestTimeoutMs: 200,
    });
    const holder = repository.list({}, 1).catch(() => undefined);

    const finds = await Promise.allSettled(findAll(repository, ['A', 'B']));

    expect(finds).toEqual(Array(2).fill({ status: 'rejected', reason: expect.any(Throttled) as unknown }));
    expect(calls.map(({ operation }) => operation)).toEqual(['BatchGetItem']);
    await holder;
  });

  test('each reader is told of their call in its own context, and the metrics once outside of it', async () => {
    const contexts = new AsyncLocalStorage<string>();
    const told: unknown[] = [];
    const tell = ({ operation, table, outcome }: DynamoCall) =>
      told.push([contexts.getStore() ?? 'outside', operation, table, outcome]);
    database = await startFaultyDynamoDb(throttling());
    const client = createDynamoClient({ region: 'eu-west-1', endpoint: database.endpoint }, tell);
    const repository = createDynamoRepository({ client, tableName: 'movies', tellReader: tell });

    await Promise.all(
      ['A', 'B'].map((title) => contexts.run(title, () => repository.find({ year: 2013, title }))),
    );

    expect(told).toEqual(['outside', 'A', 'B'].map((where) => [where, 'BatchGetItem', 'movies', 'ok']));
  });
});

describe('a write whose answer got lost', () => {
  let engine: EmbeddedDynamoDb;
  const movie = aMovie();
  const edited = aMovie({ info: { plot: 'Edited' } });

  beforeAll(async () => {
    engine = await startEmbeddedDynamoDb();
  });
  afterAll(() => engine.stop());

  /** Carries out the first request of this operation and then says that it failed, so the SDK sends it again. */
  const losesAnswerOf = (operation: string): Answer => {
    let lost = false;
    return async (request, response, body) => {
      if (operationOf(request) !== operation || lost)
        return forwardTo(engine.endpoint)(request, response, body);
      lost = true;
      await forward(engine.endpoint, request, body);
      return failWith(500, 'InternalServerError')(request, response, body);
    };
  };
  const healthy = async () => {
    const client = createDynamoClient({ region: 'eu-west-1', endpoint: engine.endpoint });
    await ensureTable(client, 'movies');
    const repository = createDynamoRepository({ client, tableName: 'movies' });
    await repository.remove(movie, 'any').catch(() => undefined);
    return repository;
  };

  test('a create is a success, not a conflict with itself', async () => {
    const direct = await healthy();
    const repository = await repositoryOn(losesAnswerOf('PutItem'));

    const created = await repository.create(movie);

    expect(await direct.find(movie)).toEqual(created);
    await expect(repository.create(edited)).rejects.toThrow(Conflict);
  });

  test('a replace is a success, not a failed precondition', async () => {
    const direct = await healthy();
    const { revision } = await direct.create(movie);
    const repository = await repositoryOn(losesAnswerOf('PutItem'));

    const replaced = await repository.replace(edited, revision);

    expect(await direct.find(movie)).toEqual(replaced);
    await expect(repository.replace(movie, revision)).rejects.toThrow(PreconditionFailed);
  });

  test('a remove is a success, not a missing movie', async () => {
    const direct = await healthy();
    const { revision } = await direct.create(movie);
    const repository = await repositoryOn(losesAnswerOf('DeleteItem'));

    await repository.remove(movie, revision);

    await expect(direct.find(movie)).rejects.toThrow(NotFound);
  });
});
