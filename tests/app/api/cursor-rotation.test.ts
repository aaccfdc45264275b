import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Api, startApi } from '../../support/api.ts';
import { type ApiProcess, startApiProcess } from '../../support/processes.ts';
import { type Answer, createClient, type Send } from '../../support/client.ts';
import { aMovie } from '../../support/movies.ts';

const key = (number: number): string => `key-${number}-of-a-test-that-is-long-enough`;
/** What tasks of each stage of a rotation are given (modules/rotated-secret), and the first stage of the next. */
const stages = [
  { signs: 0, accepts: undefined },
  { signs: 0, accepts: 1 },
  { signs: 1, accepts: 0 },
  { signs: 1, accepts: undefined },
  { signs: 1, accepts: 2 },
];
const list = '/movies?year=2013&limit=1';

let backing: Api;
const processes: ApiProcess[] = [];
/** A task of each stage, all of them serving the same table at once. */
const tasks: Send[] = [];

beforeAll(async () => {
  backing = await startApi();
  for (const title of ['A', 'B']) await backing.writer('POST', '/movies', { body: aMovie({ title }) });
  const authorization = `Bearer ${await backing.issuer.token('movies/read')}`;
  for (const { signs, accepts } of stages) {
    processes.push(
      startApiProcess({
        TABLE_NAME: backing.table.name,
        DYNAMODB_ENDPOINT: backing.database.endpoint,
        DYNAMODB_TIMEOUT_MS: '9000',
        OIDC_ISSUER: backing.issuer.issuer,
        OIDC_AUDIENCE: backing.issuer.audience,
        NODE_ENV: 'production',
        CURSOR_SECRETS: key(signs),
        ...(accepts === undefined ? {} : { CURSOR_SECRETS_ACCEPTED: key(accepts) }),
      }),
    );
  }
  for (const { listening } of processes) tasks.push(createClient((await listening).port, { authorization }));
});

afterAll(async () => {
  for (const task of processes) task.signal('SIGKILL');
  await Promise.all(processes.map(({ ended }) => ended));
  await backing.stop();
});

/** Asks a task of one stage for the page after the one that a task of another gave out. */
async function goOn(from: number, to: number): Promise<Answer> {
  const [giver, taker] = [tasks[from], tasks[to]];
  if (!giver || !taker) throw new Error(`No task is at stage ${from} or ${to}`);
  const { json } = await giver('GET', list);
  return taker('GET', (json as { next: string }).next);
}

const neighbours = stages.slice(1).flatMap((_, stage) => [
  [stage, stage + 1],
  [stage + 1, stage],
]);

test.each(neighbours)('a page of stage %i leads on at stage %i, while both serve', async (from, to) => {
  expect(await goOn(from, to)).toMatchObject({ status: 200, json: { movies: [{ title: 'B' }] } });
});

test.each([0, 1, 2])('a page from before the rotation leads on at stage %i', async (stage) => {
  expect(await goOn(0, stage)).toMatchObject({ status: 200, json: { movies: [{ title: 'B' }] } });
});

test('once the old key is dropped, its cursors are refused with the documented problem', async () => {
  const { status, headers, json } = await goOn(0, 3);

  expect(headers['content-type']).toContain('application/problem+json');
  expect({ status, json }).toMatchObject({
    status: 400,
    json: { errors: [{ in: 'query', field: 'cursor', message: 'was not given out by this query' }] },
  });
});

test('a stage that is left out refuses what tasks beside it sign: that is why none may be', async () => {
  expect((await goOn(2, 0)).status).toBe(400);
});

test.each([
  [
    'no key that signs',
    { NODE_ENV: 'production', CURSOR_SECRETS_ACCEPTED: key(0) },
    'CURSOR_SECRETS is required when NODE_ENV is production',
  ],
  [
    'a short key to accept',
    { CURSOR_SECRETS: key(0), CURSOR_SECRETS_ACCEPTED: 'short' },
    'CURSOR_SECRETS_ACCEPTED holds a secret of fewer than 32 characters',
  ],
])('a task with %s does not start', async (_what, wrong, message) => {
  const task = startApiProcess({ TABLE_NAME: 'movies', ...wrong });
  processes.push(task);

  await expect(task.listening).rejects.toThrow(message);
});
