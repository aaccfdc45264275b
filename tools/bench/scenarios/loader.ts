import { loadOneByOne, loadWithOurs, type Load } from '../loader-process.ts';
import { withServer } from '../server-process.ts';
import type { Scenario } from './scenario.ts';

/** Single-digit milliseconds are what AWS promises for a write (docs/adr/0180). */
const latency = { LATENCY_MS: '5' };
const movies = { ours: 50_000, oneByOne: 500, dynalite: 1_000 };
const aMillion = 1_000_000;
const megabyte = 1_000_000;
const original = 'one PutItem at a time';

export const loader: Scenario = {
  name: 'loader',
  title: 'Loading movies',
  measures:
    'npm run load, reading JSON lines, against a loader that awaits one PutItem after the other with the AWS SDK as it comes. Both in front of a DynamoDB that answers a constant after 5 ms, and in front of dynalite, which itself is the limit there.',
  run: async (bench) => {
    const behindLatency = { ours: [] as Load[], original: [] as Load[] };
    const onDynalite = { ours: [] as Load[], original: [] as Load[] };
    for (let round = 0; round < bench.pace.rounds; round += 1) {
      bench.say(`loader: round ${round + 1} of ${bench.pace.rounds}`);
      await withServer(bench.startStub(latency), async ({ url }) => {
        behindLatency.original.push(await loadOneByOne(bench, movies.oneByOne, url));
        behindLatency.ours.push(await loadWithOurs(bench, movies.ours, url));
      });
      await withServer(bench.startEngine(), async ({ url, ready }) => {
        await ready;
        onDynalite.original.push(await loadOneByOne(bench, movies.dynalite, url));
        onDynalite.ours.push(await loadWithOurs(bench, movies.dynalite, url));
      });
    }
    return {
      figures: [
        rates(original, '5 ms away', behindLatency.original),
        rates('ours', '5 ms away', behindLatency.ours),
        rates(original, 'dynalite', onDynalite.original),
        rates('ours', 'dynalite', onDynalite.ours),
      ],
      claims: [
        {
          id: 'loader/rate/one by one',
          text: `loader: ours, × ${original}, 5 ms away`,
          unit: '×',
          better: 'more' as const,
          values: ratios(behindLatency.ours, behindLatency.original),
          target: { atLeast: 20 },
        },
        {
          id: 'loader/dynalite/one by one',
          text: `loader: ours, × ${original}, on dynalite`,
          unit: '×',
          better: 'more' as const,
          values: ratios(onDynalite.ours, onDynalite.original),
        },
      ],
    };
  },
};

export const million: Scenario = {
  name: 'million',
  onDemand: true,
  title: 'Loading a million movies',
  measures:
    'npm run load with a million generated movies of 575 bytes through a pipe, in front of a DynamoDB that answers a constant after 5 ms: the most memory that was ever resident.',
  run: (bench) =>
    withServer(bench.startStub(latency), async ({ url }) => {
      bench.say('million: 1,000,000 movies');
      const load = await loadWithOurs(bench, aMillion, url);
      return {
        figures: [rates('ours', 'a million, 5 ms away', [load])],
        claims: [
          {
            id: 'million/memory',
            text: 'million: ours, resident at most',
            unit: 'MB',
            better: 'less' as const,
            values: [load.peakRssBytes / megabyte],
            target: { atMost: 200 },
          },
        ],
      };
    }),
};

const rates = (subject: string, where: string, loads: readonly Load[]) => ({
  subject,
  metric: `movies, ${where}`,
  unit: '/s',
  values: loads.map(({ perSecond }) => perSecond),
});

const ratios = (above: readonly Load[], below: readonly Load[]): number[] =>
  above.map(({ perSecond }, index) => perSecond / (below[index]?.perSecond ?? Number.NaN));
