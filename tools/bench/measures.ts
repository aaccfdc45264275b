import { setTimeout as delay } from 'node:timers/promises';
import { closedLoop, median, openLoop, readsBySource } from './load.ts';
import { waitForAnswer, type Server, type StartServer } from './processes.ts';
import { requestsOf, wantedHits, type Scenario, type Subject } from './scenarios.ts';

export interface Pace {
  readonly rounds: number;
  readonly warmUpMs: number;
  readonly ms: number;
  readonly connections: number;
}

export interface Bench {
  readonly start: StartServer;
  readonly token: string;
  readonly issuer: Readonly<Record<string, string>>;
  readonly pace: Pace;
  readonly say: (line: string) => void;
}

/** A value that was measured round by round. */
export interface Figure {
  readonly text: string;
  readonly unit: string;
  readonly values: readonly number[];
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** Does something with a server and stops it in any case. */
export async function withServer<T>(
  starting: Promise<Server>,
  work: (server: Server) => Promise<T>,
): Promise<T> {
  const server = await starting;
  try {
    return await work(server);
  } finally {
    await server.stop();
  }
}

interface Cost {
  /** Processor time of a request, µs. */
  readonly us: number;
  /** Share of reads from memory, where the program counts them. */
  readonly hits: number | undefined;
}

/** Fresh servers for each subject in each round, one after the other, so that a busy minute hits all alike. */
export async function compare(bench: Bench, { name, subjects, ratios }: Scenario): Promise<Figure[]> {
  const costs = new Map<string, Cost[]>(subjects.map((subject) => [subject.name, []]));
  for (let round = 0; round < bench.pace.rounds; round += 1) {
    bench.say(`${name}: round ${round + 1} of ${bench.pace.rounds}`);
    for (const subject of subjects) costs.get(subject.name)?.push(await costOf(bench, subject));
  }
  const us = (subject: string) => (costs.get(subject) ?? []).map((cost) => cost.us);
  return [
    ...subjects.map((subject) => ({
      text: `${name}: ${subject.name}`,
      unit: 'µs',
      values: us(subject.name),
    })),
    ...subjects
      .map(({ name: subject }) => ({
        text: `${name}: reads from memory, ${subject}`,
        unit: '%',
        values: (costs.get(subject) ?? []).flatMap(({ hits }) => (hits === undefined ? [] : [hits * 100])),
      }))
      .filter(({ values }) => values.length > 0),
    ...ratios
      .filter(({ of, over }) => us(of).length > 0 && us(over).length > 0)
      .map(({ kind, of, over, wanted }): Figure => {
        const [above, below] = kind === 'times' ? [us(over), us(of)] : [us(of), us(over)];
        const values = above.map((value, round) => value / (below[round] ?? Number.NaN));
        const bound = wanted === undefined ? {} : kind === 'times' ? { atLeast: wanted } : { atMost: wanted };
        return {
          text: kind === 'times' ? `${name}: ${of}, × ${over}` : `${name}: cost of ${of} ÷ ${over}`,
          unit: '×',
          values,
          ...bound,
        };
      }),
  ];
}

async function costOf(bench: Bench, subject: Subject): Promise<Cost> {
  return withServer(bench.start('dynamo', {}, false), (database) =>
    withServer(
      bench.start(subject.program, { ...bench.issuer, DYNAMODB_ENDPOINT: database.url }),
      async (server) => {
        const headers = { authorization: `Bearer ${bench.token}` };
        await waitForAnswer(`${server.url}/movies/1970/Movie%200000000`, headers);
        const isService = subject.program === 'ours' || subject.program === 'base';
        const holdsHits = isService && subject.load === 'hits';
        const mix = { freshShare: 1 - wantedHits };
        const next = requestsOf(subject, bench.token, mix);
        let count = 1_000;
        const run = async (ms: number) => {
          const before = isService ? await readsBySource(server.metricsUrl) : undefined;
          const sent = await closedLoop(server.url, next, ms, count, bench.pace.connections);
          count += sent;
          if (before === undefined) return { sent, hits: undefined };
          const after = await readsBySource(server.metricsUrl);
          const [memory, table] = [after.memory - before.memory, after.table - before.table];
          return { sent, hits: memory + table === 0 ? undefined : memory / (memory + table) };
        };
        // The warm-up also finds the share of fresh movies with which the hit rate is held on this machine.
        for (let part = 0; part < 4; part += 1) {
          const { hits } = await run(bench.pace.warmUpMs / 4);
          if (holdsHits && hits !== undefined)
            mix.freshShare = Math.max(0, mix.freshShare + (hits - wantedHits));
        }
        const from = await server.usage();
        const { sent, hits } = await run(bench.pace.ms);
        const to = await server.usage();
        return { us: (to.cpuUs - from.cpuUs) / sent, hits };
      },
    ),
  );
}

/** 60 throttled and 400 other calls a second, in pairs with and without the throttled ones. */
export async function throttled(bench: Bench): Promise<Figure[]> {
  const refused: number[] = [];
  const slower: number[] = [];
  const headers = { authorization: `Bearer ${bench.token}` };
  const others = (count: number) => ({
    method: 'GET' as const,
    path: `/movies/1970/Other%20${count}`,
    headers,
  });
  const hot = (count: number) => ({
    method: 'GET' as const,
    path: `/movies/1970/Throttled%20${count}`,
    headers,
  });
  for (let round = 0; round < bench.pace.rounds; round += 1) {
    bench.say(`throttled: round ${round + 1} of ${bench.pace.rounds}`);
    const p50 = async (isThrottled: boolean) =>
      withServer(bench.start('dynamo', {}, false), (database) =>
        withServer(
          bench.start('ours', { ...bench.issuer, DYNAMODB_ENDPOINT: database.url }),
          async (server) => {
            await waitForAnswer(`${server.url}/movies/1970/First`, headers);
            await closedLoop(server.url, (count) => others(-count), bench.pace.warmUpMs, 0);
            const [seen] = await Promise.all([
              openLoop(server.url, others, 400, 8_000),
              isThrottled ? openLoop(server.url, hot, 60, 8_000) : undefined,
            ]);
            return seen;
          },
        ),
      );
    const alone = await p50(false);
    const beside = await p50(true);
    refused.push(beside.refused);
    slower.push(beside.p50Ms / alone.p50Ms);
  }
  return [
    { text: 'throttled: other calls refused', unit: '', values: refused, atMost: 0 },
    { text: 'throttled: p50 of others ÷ without throttled calls', unit: '×', values: slower, atMost: 2 },
  ];
}

/** By the clock, from the making of the process. */
export async function start(bench: Bench): Promise<Figure[]> {
  const movie = '/movies/1970/Movie%200000000';
  const time = async (program: 'ours' | 'raw', path: string, env = {}) =>
    withServer(bench.start(program, env, false), async (server) => {
      await waitForAnswer(`${server.url}${path}`, { authorization: `Bearer ${bench.token}` }, 1);
      return performance.now() - server.startedAt;
    });
  return withServer(bench.start('dynamo', {}, false), async (database) => {
    const env = { ...bench.issuer, DYNAMODB_ENDPOINT: database.url };
    const [healthy, ready]: [number[], number[]] = [[], []];
    for (let round = 0; round < bench.pace.rounds * 2; round += 1) {
      bench.say(`start: ${round + 1} of ${bench.pace.rounds * 2}`);
      const raw = await time('raw', movie);
      healthy.push((await time('ours', '/healthz', env)) / raw);
      ready.push((await time('ours', movie, env)) / raw);
    }
    return [
      { text: 'start: until /healthz answers, × bare node:http', unit: '×', values: healthy },
      {
        text: 'start: until the first validated 200, × bare node:http',
        unit: '×',
        values: ready,
        atMost: 2.6,
      },
    ];
  });
}

/** Resident after 100,000 reads, and the longest wait of the event loop during large requests. */
export async function memory(bench: Bench): Promise<Figure[]> {
  return withServer(bench.start('dynamo', {}, false), (database) =>
    withServer(bench.start('ours', { ...bench.issuer, DYNAMODB_ENDPOINT: database.url }), async (server) => {
      const headers = { authorization: `Bearer ${bench.token}`, 'content-type': 'application/json' };
      await waitForAnswer(`${server.url}/movies/1970/First`, headers);
      bench.say('memory: 100,000 reads');
      const next = requestsOf({ name: 'ours', program: 'ours', load: 'misses' }, bench.token, {
        freshShare: 0,
      });
      for (let sent = 0; sent < 100_000;) sent += await closedLoop(server.url, next, 2_000, sent);
      const { rssBytes } = await server.usage();
      const large = JSON.stringify({ year: 2020, title: 'Large', info: { actors: Array(49_000).fill(0) } });
      const blocked = async (path: string, body?: string) => {
        await server.usage('watch');
        for (let again = 0; again < 10; again += 1) {
          const method = body === undefined ? 'GET' : 'POST';
          await (await fetch(`${server.url}${path}`, { headers, method, body: body ?? null })).text();
        }
        // The delay of a turn is known one turn later.
        await delay(20);
        return (await server.usage('watch')).blockedMs;
      };
      return [
        { text: 'memory: resident after 100,000 reads', unit: 'MB', values: [rssBytes / 1e6], atMost: 160 },
        {
          text: 'memory: blocked by a page of 100',
          unit: 'ms',
          values: [await blocked('/movies?year=1994&limit=100')],
        },
        {
          text: 'memory: blocked by a wrong body of 98 kB',
          unit: 'ms',
          values: [await blocked('/movies', large)],
        },
      ];
    }),
  );
}

export const judge = ({ values, atLeast, atMost }: Figure): 'met' | 'missed' | undefined => {
  const value = median(values);
  if (atLeast !== undefined) return value >= atLeast ? 'met' : 'missed';
  if (atMost !== undefined) return value <= atMost ? 'met' : 'missed';
  return undefined;
};
