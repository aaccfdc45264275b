import type { Bench } from '../bench.ts';
import type { Claim, Figure } from '../result.ts';
import { waitForAnswer, withServer, type ServerProcess } from '../server-process.ts';
import { benchMovie, pathOf } from '../servers/movies.ts';
import type { Scenario } from './scenario.ts';

const movie = pathOf(benchMovie(0));
/** A start is short and its time jitters: more of them cost little. */
const startsPerRound = 3;
const pollMs = 1;

export const start: Scenario = {
  name: 'start',
  title: 'From the start of the process to its first answers',
  measures:
    'The production bundle until it answers 200 to a request with a token that it verified and a movie from the constant DynamoDB, and until /healthz answers; against a bare node:http server until its first 200.',
  run: (bench) =>
    withServer(bench.startStub(), async (stub) => {
      const database = { DYNAMODB_ENDPOINT: stub.url };
      const raw: number[] = [];
      const healthy: number[] = [];
      const ready: number[] = [];
      for (let round = 0; round < bench.pace.rounds; round += 1) {
        bench.say(`start: round ${round + 1} of ${bench.pace.rounds}`);
        for (let again = 0; again < startsPerRound; again += 1) {
          raw.push(await timeToAnswer(bench, bench.startRival('raw', {}, false), movie));
          healthy.push(await timeToAnswer(bench, bench.startOurs('production', database, false), '/healthz'));
          ready.push(await timeToAnswer(bench, bench.startOurs('production', database, false), movie));
        }
      }
      return report(raw, healthy, ready);
    }),
};

function timeToAnswer(bench: Bench, starting: Promise<ServerProcess>, path: string): Promise<number> {
  const headers = { authorization: `Bearer ${bench.issuer.token}` };
  return withServer(starting, async ({ url, startedAt }) => {
    await waitForAnswer(`${url}${path}`, headers, pollMs);
    return performance.now() - startedAt;
  });
}

function report(raw: number[], healthy: number[], ready: number[]): { figures: Figure[]; claims: Claim[] } {
  const timesRaw = (values: number[]) => values.map((ms, index) => ms / (raw[index] ?? Number.NaN));
  const claim = (id: string, what: string, values: number[], atMost: number): Claim => ({
    id: `start/${id}`,
    text: `start: ours until ${what}, × bare node:http`,
    unit: '×',
    better: 'less',
    values: timesRaw(values),
    target: { atMost },
  });
  return {
    figures: [
      { subject: 'bare node:http', metric: 'first 200', unit: 'ms', values: raw },
      { subject: 'ours', metric: '/healthz', unit: 'ms', values: healthy },
      { subject: 'ours', metric: 'first validated 200', unit: 'ms', values: ready },
    ],
    claims: [claim('ready', 'the first validated 200', ready, 3), claim('healthz', '/healthz', healthy, 2)],
  };
}
