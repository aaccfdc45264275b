import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import { startTokenIssuer } from '../../app/src/local/token-issuer.ts';

export interface Request {
  readonly method: 'GET' | 'POST' | 'PATCH';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The next request, given a number that no request has had before. */
export type NextRequest = (count: number) => Request;

/** Sends one request after the other on each of so many connections, for so long. Resolves with how many were answered below 400; rejects on another answer. */
export async function closedLoop(
  url: string,
  next: NextRequest,
  ms: number,
  from: number,
  connections = 32,
): Promise<number> {
  const pool = new Pool(url, { connections, pipelining: 1 });
  const end = performance.now() + ms;
  let count = from;
  const worker = async () => {
    while (performance.now() < end) {
      const { method, path, headers, body } = next((count += 1));
      const answer = await pool.request({ method, path, headers, body: body ?? null });
      if (answer.statusCode < 400) await answer.body.dump();
      else throw new Error(`${method} ${path} gets ${answer.statusCode}: ${await answer.body.text()}`);
    }
  };
  try {
    await Promise.all(Array.from({ length: connections }, worker));
  } finally {
    await pool.destroy();
  }
  return count - from;
}

export interface Sent {
  readonly sent: number;
  /** Answers of 429 and above, and requests without an answer. */
  readonly refused: number;
  /** Of the answers below 400, ms. */
  readonly p50Ms: number;
}

/** Sends so many requests a second, each at its place in time whatever the answers do, and waits for the last answer. */
export async function openLoop(url: string, next: NextRequest, perSecond: number, ms: number): Promise<Sent> {
  const pool = new Pool(url, { connections: 256, pipelining: 1 });
  const startedAt = performance.now();
  const latencies: number[] = [];
  let refused = 0;
  const total = Math.floor((perSecond * ms) / 1_000);
  const send = async (count: number) => {
    const due = startedAt + (count * 1_000) / perSecond;
    await delay(due - performance.now());
    const { method, path, headers } = next(count);
    try {
      const answer = await pool.request({ method, path, headers });
      await answer.body.dump();
      if (answer.statusCode < 400) latencies.push(performance.now() - due);
      else refused += 1;
    } catch {
      refused += 1;
    }
  };
  await Promise.all(Array.from({ length: total }, (_, count) => send(count)));
  await pool.destroy();
  return { sent: total, refused, p50Ms: median(latencies) };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2;
}

/** How many reads the service answered from memory, and how many from the table, since it started. */
export async function readsBySource(metricsUrl: string): Promise<{ memory: number; table: number }> {
  const text = await (await fetch(metricsUrl)).text();
  const count = (source: string) =>
    Number(
      new RegExp(`^movie_reads_total\\{[^}]*source="${source}"[^}]*\\} ([0-9.e+]+)`, 'm').exec(text)?.[1] ??
        0,
    );
  return { memory: count('memory') + count('shared'), table: count('table') };
}

/** The settings of a service whose tokens a local issuer signs as Amazon Cognito does (RS256, 2,048 bits), and one that may read and write. */
export async function startIssuer() {
  const issuer = await startTokenIssuer({ tokenTtlSeconds: 86_400 });
  return {
    settings: {
      OIDC_ISSUER: issuer.issuer,
      OIDC_AUDIENCE: issuer.audience,
      OIDC_JWKS_URI: issuer.jwksUri,
    },
    token: await issuer.token('movies/read movies/write'),
    stop: () => issuer.stop(),
  };
}
