import { createServer } from 'node:http';
import { closeServer, listenOnLoopback } from '../../../app/src/local/listen.ts';
import { withServer } from '../server-process.ts';
import type { Scenario } from './scenario.ts';
import { compare, ours } from './steady.ts';

const away = 'ours without a line of tracing';
const sampled = 'ours, one in twenty traced';
const traced = 'ours, everything traced';

export const tracing: Scenario = {
  name: 'tracing',
  onDemand: true,
  title: 'What tracing costs: off, sampled, and of everything',
  measures:
    'A page of 20 movies from a constant DynamoDB: the production bundle, and the same with tracing taken out of it. Spans go to a receiver on this machine that throws them away.',
  run: (bench) =>
    withServer(bench.startStub(), async (stub) => {
      const receiver = createServer((request, response) => {
        request.resume().on('end', () => response.end('{}'));
      });
      const { url: OTEL_EXPORTER_OTLP_ENDPOINT } = await listenOnLoopback(receiver, 0);
      const database = { DYNAMODB_ENDPOINT: stub.url };
      const on = (TRACE_SAMPLE_RATE: string) => ({
        ...database,
        OTEL_EXPORTER_OTLP_ENDPOINT,
        TRACE_SAMPLE_RATE,
      });
      try {
        return await compare(bench, {
          scenario: 'tracing',
          paths: Array.from({ length: 50 }, (_, year) => `/movies?year=${1970 + year}&limit=20`),
          subjects: [
            { name: away, start: () => bench.startOurs('untraced', database) },
            { name: ours, start: () => bench.startOurs('production', database) },
            { name: sampled, start: () => bench.startOurs('production', on('0.05')) },
            { name: traced, start: () => bench.startOurs('production', on('1')) },
          ],
          ratios: [{ over: away, target: { atLeast: 0.97 } }, { over: sampled }, { over: traced }],
        });
      } finally {
        await closeServer(receiver);
      }
    }),
};
