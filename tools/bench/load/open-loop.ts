import { readFileSync } from 'node:fs';
import { Pool } from 'undici';

export interface OpenLoopRequest {
  readonly url: string;
  readonly pathsFile: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly seconds: number;
  readonly perSecond: number;
}

export interface OpenLoopResult {
  readonly requests: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** How late requests were sent, p99: what the generator itself adds to the figures above. */
  readonly lateP99Ms: number;
}

/**
 * A process of its own: `node open-loop.ts '{"url":…}'`, the result as a line of JSON. Sends at a constant rate whatever
 * the answers do, and counts each from when it was due, so that a stall is felt by all who would have come meanwhile.
 */
const { url, pathsFile, headers, seconds, perSecond } = JSON.parse(process.argv[2] ?? '') as OpenLoopRequest;
const paths = readFileSync(pathsFile, 'utf8').trim().split('\n');
const pool = new Pool(url, { connections: 64, pipelining: 1 });
const total = Math.round(seconds * perSecond);
const tookMs: number[] = [];
const lateMs: number[] = [];
let failed = 0;

const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ??
  Number.NaN;

async function send(n: number, dueAt: number): Promise<void> {
  lateMs.push(performance.now() - dueAt);
  try {
    const { statusCode, body } = await pool.request({
      method: 'GET',
      path: paths[n % paths.length] ?? '/',
      headers,
    });
    await body.dump();
    if (statusCode !== 200) failed += 1;
  } catch {
    failed += 1;
  }
  tookMs.push(performance.now() - dueAt);
}

const startedAt = performance.now();
const waiting: Promise<void>[] = [];
while (waiting.length < total) {
  const dueAt = startedAt + (waiting.length * 1_000) / perSecond;
  // A timer is a millisecond late at best; this core has nothing else to do.
  while (performance.now() < dueAt) await new Promise(setImmediate);
  waiting.push(send(waiting.length, dueAt));
}
await Promise.all(waiting);
await pool.close();

const result: OpenLoopResult = {
  requests: total,
  failed,
  p50Ms: quantile(tookMs, 0.5),
  p99Ms: quantile(tookMs, 0.99),
  lateP99Ms: quantile(lateMs, 0.99),
};
console.log(JSON.stringify(result));
