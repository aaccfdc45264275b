import type { Bench } from '../bench.ts';
import { waitForAnswer, withServer, type ServerProcess } from '../server-process.ts';
import { benchMovies, pathOf } from '../servers/movies.ts';
import { warmUp, worked } from '../warm-up.ts';
import type { Scenario } from './scenario.ts';

const paths = benchMovies().map(pathOf);
/** A major collection comes every 13 s or more at this rate: in a window of a few seconds it is all or nothing. */
const countedFor = 10;

export const latency: Scenario = {
  name: 'latency',
  title: 'p99 at half of saturation',
  measures:
    'Hundreds of independent callers at half of the rate that the slower of the two bears: one movie of 1,000, in turn, from memory. Counted once such callers have come and gone before, for so long that what V8 does now and then, such as a major collection, has its share.',
  run: async (bench) => {
    const callers = createCallers(bench);
    const oursMs: number[] = [];
    const expressMs: number[] = [];
    for (let round = 0; round < bench.pace.rounds; round += 1) {
      bench.say(`latency: round ${round + 1} of ${bench.pace.rounds}`);
      await withServer(bench.startOurs('inMemory'), (ours) =>
        withServer(bench.startRival('express'), async (express) => {
          const half = Math.min(await callers.saturation(ours), await callers.saturation(express)) / 2;
          const both = [
            { server: ours, ms: oursMs },
            { server: express, ms: expressMs },
          ];
          // A machine that others share is not the same half a minute later.
          for (const { server, ms } of round % 2 === 0 ? both : both.toReversed()) {
            ms.push(await callers.p99At(half, server));
          }
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
    p99At: async (perSecond: number, { url }: ServerProcess): Promise<number> => {
      const callers = (seconds: number) => load.run({ url, pathsFile, headers, seconds, perSecond });
      // When the first hundreds open and close their connections, V8 drops what it had optimised for a few.
      await callers(2 * pace.seconds);
      return (await callers(countedFor * pace.seconds)).p99Ms;
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
