import type { Bench } from '../bench.ts';
import { median } from '../result.ts';
import { waitForAnswer, withServer, type ServerProcess } from '../server-process.ts';
import { benchMovies, pathOf } from '../servers/movies.ts';
import type { Scenario } from './scenario.ts';

const paths = benchMovies().map(pathOf);
const requestsWanted = 100_000;
const chunkSeconds = 2;
const megabyte = 1_000_000;
const soakSeconds = 600;
const sampleSeconds = 10;

export const memory: Scenario = {
  name: 'memory',
  title: 'Memory after 100,000 requests',
  measures:
    'Resident memory of the production bundle after 100,000 requests for 1,000 movies from the constant DynamoDB.',
  run: (bench) =>
    withLoadedService(bench, async (server, load) => {
      bench.say('memory: 100,000 requests');
      const { rssBytes: atStart } = await server.usage();
      for (let sent = 0; sent < requestsWanted;) sent += await load(chunkSeconds);
      const { rssBytes } = await server.usage();
      return {
        figures: [
          { subject: 'ours', metric: 'resident at its start', unit: 'MB', values: [atStart / megabyte] },
        ],
        claims: [
          {
            id: 'memory/after',
            text: 'memory: ours, resident after 100,000 requests',
            unit: 'MB',
            better: 'less',
            values: [rssBytes / megabyte],
            target: { atMost: 120 },
          },
        ],
      };
    }),
};

export const soak: Scenario = {
  name: 'soak',
  onDemand: true,
  title: 'Memory over ten minutes',
  measures:
    'Resident memory of the production bundle under full load for ten minutes, every ten seconds. Flat: the median of the last two minutes is at most 5 % above that of minutes three and four.',
  run: (bench) =>
    withLoadedService(bench, async (server, load) => {
      const samples: number[] = [];
      for (let seconds = 0; seconds < soakSeconds; seconds += sampleSeconds) {
        await load(sampleSeconds);
        samples.push((await server.usage()).rssBytes / megabyte);
        bench.say(
          `soak: ${seconds + sampleSeconds} of ${soakSeconds} s, ${Math.round(samples.at(-1) ?? 0)} MB`,
        );
      }
      const minutes = (from: number, to: number) =>
        median(samples.slice((from * 60) / sampleSeconds, (to * 60) / sampleSeconds));
      const growth = minutes(8, 10) / minutes(2, 4) - 1;
      return {
        figures: [{ subject: 'ours', metric: 'resident', unit: 'MB', values: samples }],
        claims: [
          {
            id: 'soak/growth',
            text: 'soak: ours, growth of resident memory',
            unit: '%',
            better: 'less',
            values: [growth * 100],
            target: { atMost: 5 },
          },
        ],
      };
    }),
};

/** @param work gets a load that returns how many requests it sent */
function withLoadedService<T>(
  bench: Bench,
  work: (server: ServerProcess, load: (seconds: number) => Promise<number>) => Promise<T>,
): Promise<T> {
  const pathsFile = bench.file('memory.txt', paths);
  const headers = { authorization: `Bearer ${bench.issuer.token}` };
  return withServer(bench.startStub(), (stub) =>
    withServer(bench.startOurs('production', { DYNAMODB_ENDPOINT: stub.url }), async (server) => {
      await waitForAnswer(`${server.url}${paths[0] ?? ''}`, headers);
      return work(
        server,
        async (seconds) => (await bench.load.run({ url: server.url, pathsFile, headers, seconds })).requests,
      );
    }),
  );
}
