import { setTimeout as delay } from 'node:timers/promises';
import type { Bench } from '../bench.ts';
import type { Claim } from '../result.ts';
import { waitForAnswer, withServer, type ServerProcess } from '../server-process.ts';
import { benchMovie, pathOf } from '../servers/movies.ts';
import type { Scenario } from './scenario.ts';

const bodyBytes = 99_900;
const repeats = 10;

interface LargeRequest {
  readonly name: string;
  readonly path: string;
  readonly status: number;
  readonly body?: string;
}

/** The largest that the service takes, good and bad: a validator works hardest on what is wrong everywhere. */
const largeRequests: readonly LargeRequest[] = [
  { name: 'a page of 100 movies', path: '/movies?year=1994&limit=100', status: 200 },
  { name: 'a valid body of 100 kB', path: '/movies', status: 201, body: sized((n) => movieWith(names(n))) },
  {
    name: 'a body of 100 kB, 50,000 faults',
    path: '/movies',
    status: 400,
    body: sized((n) => movieWith(zeros(n))),
  },
  {
    name: 'a body of 100 kB, 8,000 unknown attributes',
    path: '/movies',
    status: 400,
    body: sized(strangers),
  },
];

export const eventLoop: Scenario = {
  name: 'event-loop',
  title: 'How long one request keeps all others waiting',
  measures:
    'The production bundle, otherwise idle: the longest wait of its event loop (perf_hooks) during one of ten requests of a kind. The first of a kind after a fresh start is shown by itself: it may make the validator of its path (ADR 0172).',
  run: async (bench) => {
    const noWaits = () => new Map<string, number[]>(largeRequests.map(({ name }) => [name, []]));
    const [firsts, waits] = [noWaits(), noWaits()];
    for (let round = 0; round < bench.pace.rounds; round += 1) {
      bench.say(`event-loop: round ${round + 1} of ${bench.pace.rounds}`);
      await withServer(bench.startStub(), (stub) =>
        withServer(bench.startOurs('production', { DYNAMODB_ENDPOINT: stub.url }), async (server) => {
          const headers = { authorization: `Bearer ${bench.issuer.token}` };
          await waitForAnswer(`${server.url}${pathOf(benchMovie(0))}`, headers);
          for (const request of largeRequests) {
            firsts.get(request.name)?.push(await longestWait(bench, server, request, 1));
            waits.get(request.name)?.push(await longestWait(bench, server, request, repeats));
          }
        }),
      );
    }
    return {
      figures: [...firsts].map(([name, values]) => ({
        subject: 'ours',
        metric: `blocked by the first of ${name}`,
        unit: 'ms',
        values,
      })),
      claims: [...waits].map(([name, values]): Claim => ({
        id: `event-loop/${name}`,
        text: `event-loop: ours, blocked by ${name}`,
        unit: 'ms',
        better: 'less',
        values,
        target: { atMost: 20 },
      })),
    };
  },
};

async function longestWait(
  bench: Bench,
  server: ServerProcess,
  request: LargeRequest,
  times: number,
): Promise<number> {
  const { path, status, body } = request;
  await server.usage('watch');
  for (let again = 0; again < times; again += 1) {
    const response = await fetch(`${server.url}${path}`, {
      headers: { authorization: `Bearer ${bench.issuer.token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { method: 'POST', body }),
    });
    const answer = await response.text();
    if (response.status !== status) {
      throw new Error(`${request.name} gets ${response.status}, not ${status}: ${answer.slice(0, 300)}`);
    }
  }
  // The delay of a turn is known one turn later.
  await delay(20);
  return (await server.usage('watch')).blockedMs;
}

/** The longest JSON of a family that fits into what the service accepts. */
function sized(make: (n: number) => unknown): string {
  let [low, high] = [1, bodyBytes];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (Buffer.byteLength(JSON.stringify(make(middle))) <= bodyBytes) low = middle;
    else high = middle - 1;
  }
  return JSON.stringify(make(low));
}

function movieWith(actors: readonly unknown[]) {
  return { year: 2020, title: 'Large', info: { actors } };
}

function names(bytes: number): string[] {
  return Array.from({ length: 500 }, () => 'x'.repeat(Math.max(1, Math.floor(bytes / 500))));
}

function zeros(length: number): number[] {
  return Array.from({ length }, () => 0);
}

function strangers(count: number) {
  return {
    year: 2020,
    title: 'Large',
    info: {},
    ...Object.fromEntries(Array.from({ length: Math.min(count, 20_000) }, (_, n) => [`x${n}`, 0])),
  };
}
