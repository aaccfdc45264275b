import type { Bench } from '../bench.ts';
import type { OpenLoopResult } from '../load/open-loop.ts';
import { runScript } from '../load/run-script.ts';
import { waitForAnswer, withServer, type ServerProcess } from '../server-process.ts';
import { benchMovies, pathOf } from '../servers/movies.ts';
import type { Scenario } from './scenario.ts';

const paths = benchMovies().map(pathOf);

export const latency: Scenario = {
  name: 'latency',
  title: 'p99 at half of saturation',
  measures:
    'An open loop at half of the rate that ours bears, the same rate for both, which favours Express: one movie of 1,000, in turn, from memory.',
  run: async (bench) => {
    const load = createLoad(bench);
    const ours: OpenLoopResult[] = [];
    const express: OpenLoopResult[] = [];
    for (let round = 0; round < bench.pace.rounds; round += 1) {
      bench.say(`latency: round ${round + 1} of ${bench.pace.rounds}`);
      const { perSecond, result } = await withServer(bench.startOurs('inMemory'), async (server) => {
        await load.warmUp(server);
        const perSecond = Math.round((await load.saturation(server)) / 2);
        return { perSecond, result: await load.at(perSecond, server) };
      });
      ours.push(result);
      express.push(
        await withServer(bench.startRival('express'), async (server) => {
          await load.warmUp(server);
          return load.at(perSecond, server);
        }),
      );
    }
    return report(ours, express);
  },
};

function createLoad(bench: Bench) {
  const pathsFile = bench.file('latency.txt', paths);
  const headers = { authorization: `Bearer ${bench.issuer.token}` };
  const closedLoop = ({ url }: ServerProcess, seconds: number) =>
    bench.load.run({ url, pathsFile, headers, seconds });
  return {
    warmUp: async (server: ServerProcess) => {
      await waitForAnswer(`${server.url}${paths[0] ?? ''}`, headers);
      await closedLoop(server, bench.pace.warmUpSeconds);
    },
    /** Requests per second. */
    saturation: async (server: ServerProcess) => {
      const { requests, seconds } = await closedLoop(server, 1);
      return requests / seconds;
    },
    at: async (perSecond: number, { url }: ServerProcess): Promise<OpenLoopResult> => {
      const request = { url, pathsFile, headers, seconds: bench.pace.seconds + 1, perSecond };
      // Our own script prints it.
      const result = (await runScript(bench.node('load'), 'open-loop.ts', request)) as OpenLoopResult;
      if (result.failed > 0) throw new Error(`${result.failed} requests of the open loop failed.`);
      return result;
    },
  };
}

function report(ours: readonly OpenLoopResult[], express: readonly OpenLoopResult[]) {
  const [oursMs, expressMs] = [ours, express].map((results) => results.map(({ p99Ms }) => p99Ms));
  const lateMs = [...ours, ...express].map(({ lateP99Ms }) => lateP99Ms);
  return {
    figures: [
      { subject: 'bare Express', metric: 'p99', unit: 'ms', values: expressMs ?? [] },
      { subject: 'ours', metric: 'p99', unit: 'ms', values: oursMs ?? [] },
      {
        subject: 'generator',
        metric: 'p99 of its own lateness, contained in both',
        unit: 'ms',
        values: lateMs,
      },
    ],
    claims: [
      {
        id: 'latency/p99/bare Express',
        text: "latency: ours, p99 beyond bare Express's",
        unit: 'ms',
        better: 'less' as const,
        values: (oursMs ?? []).map((ms, round) => ms - (expressMs?.[round] ?? Number.NaN)),
        target: { atMost: 1 },
      },
    ],
  };
}
