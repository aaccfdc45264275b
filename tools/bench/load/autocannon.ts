import { readFileSync } from 'node:fs';
import autocannon from 'autocannon';
import type { LoadRequest, LoadResult } from './generator.ts';

/** A process of its own: `node autocannon.ts '{"url":…}'`, the result as a line of JSON. */
const { url, pathsFile, headers, seconds, connections, perSecond } = JSON.parse(
  process.argv[2] ?? '',
) as LoadRequest & { connections: number };
const paths = readFileSync(pathsFile, 'utf8').trim().split('\n');
let sent = 0;
const { requests, duration, latency, errors, non2xx } = await autocannon({
  url,
  connections,
  duration: seconds,
  ...(perSecond === undefined ? {} : { overallRate: perSecond }),
  headers,
  // One request that changes: a list would be copied for each connection.
  requests: [{ setupRequest: (request) => ({ ...request, path: paths[sent++ % paths.length] ?? '/' }) }],
});
const result: LoadResult = {
  requests: requests.total,
  seconds: duration,
  p99Ms: latency.p99,
  failed: errors + non2xx,
};
console.log(JSON.stringify(result));
