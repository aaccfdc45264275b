import type { Bench } from '../bench.ts';
import type { LoadResult } from '../load/generator.ts';
import { waitForAnswer, withServer, type ServerProcess } from '../server-process.ts';
import { benchMovies, pathOf } from '../servers/movies.ts';
import { warmUp, worked } from '../warm-up.ts';
import type { Scenario } from './scenario.ts';

const paths = benchMovies().map(pathOf);
/** A major collection comes every 15 to 20 s at this rate: in a window of a few seconds it is all or nothing. */
const countedFor = 10;

export const latency: Scenario = {
  name: 'latency',
  title: 'p99 at half of saturation',
  measures:
    'Hundreds of independent callers at half of the rate that ours bears, the same rate for both, which favours Express: one movie of 1,000, in turn, from memory. Counted once such callers have come and gone before, for so long that what V8 does now and then, such as a major collection, has its share.',
  run: async (bench) => {
    const callers = createCallers(bench);
    const oursMs: number[] = [];
    const expressMs: number[] = [];
    for (let round = 0; round < bench.pace.rounds; round += 1) {
      bench.say(`latency: round ${round + 1} of ${bench.pace.rounds}`);
      const { half, p99Ms } = await withServer(bench.startOurs('inMemory'), async (server) => {
        const half = Math.round((await callers.saturation(server)) / 2);
        return { half, p99Ms: (await callers.at(half, server)).p99Ms };
      });
      oursMs.push(p99Ms);
      expressMs.push(
        await withServer(bench.startRival('express'), async (server) => {
          await callers.saturation(server);
          return (await callers.at(half, server)).p99Ms;
        }),
      );
    }
    return report(oursMs, expressMs);
  },
};

function createCallers({ file, issuer, load, pace }: Bench) {
  const pathsFile = file('latency.txt', paths);
  const headers = { authorization: `Bearer ${issuer.token}` };
  return {
    /** Requests per second of a server that has been warmed up by this. */
    saturation: async (server: ServerProcess): Promise<number> => {
      await waitForAnswer(`${server.url}${paths[0] ?? ''}`, headers);
      const closedLoop = (seconds: number) => load.run({ url: server.url, pathsFile, headers, seconds });
      await warmUp(server, closedLoop, pace.warmUpSeconds);
      return (await worked(server, closedLoop, 1)).perSecond;
    },
    at: async (perSecond: number, { url }: ServerProcess): Promise<LoadResult> => {
      const callers = (seconds: number) => load.run({ url, pathsFile, headers, seconds, perSecond });
      // When the first hundreds open and close their connections, V8 drops what it had optimised for a few.
      await callers(2 * pace.seconds);
      return callers(countedFor * pace.seconds);
    },
  };
}

function report(oursMs: readonly number[], expressMs: readonly number[]) {
  return {
    figures: [
      { subject: 'bare Express', metric: 'p99', unit: 'ms', values: expressMs },
      { subject: 'ours', metric: 'p99', unit: 'ms', values: oursMs },
    ],
    claims: [
      {
        id: 'latency/p99/bare Express',
        text: "latency: ours, p99 beyond bare Express's",
        unit: 'ms',
        better: 'less' as const,
        values: oursMs.map((ms, round) => ms - (expressMs[round] ?? Number.NaN)),
        target: { atMost: 1 },
      },
    ],
  };
}
