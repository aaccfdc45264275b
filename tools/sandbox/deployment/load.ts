import { Agent, request } from 'undici';

/** What became of one request. Times in ms on the clock of the load. */
export interface Outcome {
  /** When it had to be sent; waiting for a free connection counts as waiting for an answer. */
  readonly dueAt: number;
  readonly tookMs: number;
  /** Absent when no answer came. */
  readonly status?: number;
  /** Why none came. */
  readonly error?: string;
}

export interface LoadOptions {
  readonly url: string;
  readonly ratePerSecond: number;
  /** The path of the n-th request. Only GET is sent: it may be repeated by whoever is between. */
  readonly path: (n: number) => string;
  readonly headers: Readonly<Record<string, string>>;
  /** Longest wait for one answer. */
  readonly timeoutMs: number;
  /** It ends by itself after so many, whatever happens to whoever started it. */
  readonly maxRequests: number;
}

export interface Load {
  /** Milliseconds since it began. */
  readonly now: () => number;
  readonly inFlight: () => number;
  /** In the order of their answers. */
  readonly outcomes: readonly Outcome[];
  /** Sends nothing more; resolves when everything is answered or timed out. */
  readonly stop: () => Promise<void>;
}

const tickMs = 5;
const connections = 1_024;

/**
 * Sends requests at a constant rate, however slow the answers are (an open loop), so that a stall is seen by as many
 * requests as it would be by as many users. Nothing is retried: one failure counted is one that a caller saw.
 */
export function startLoad(options: LoadOptions): Load {
  const { url, ratePerSecond, path, headers, timeoutMs, maxRequests } = options;
  const agent = new Agent({
    connections,
    pipelining: 1,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    connectTimeout: timeoutMs,
  });
  const startedAt = performance.now();
  const now = () => performance.now() - startedAt;
  const outcomes: Outcome[] = [];
  const waiting = new Set<Promise<void>>();
  let sent = 0;

  const send = async (n: number, dueAt: number): Promise<void> => {
    try {
      const { statusCode: status, body } = await request(new URL(path(n), url), {
        dispatcher: agent,
        headers,
        signal: AbortSignal.timeout(timeoutMs),
      });
      await body.dump();
      outcomes.push({ dueAt, tookMs: now() - dueAt, status });
    } catch (error) {
      outcomes.push({ dueAt, tookMs: now() - dueAt, error: codeOf(error) });
    }
  };

  const timer = setInterval(() => {
    const due = Math.min(maxRequests, Math.floor((now() * ratePerSecond) / 1_000));
    while (sent < due) {
      const one = send(sent, (sent * 1_000) / ratePerSecond);
      waiting.add(one);
      void one.then(() => waiting.delete(one));
      sent += 1;
    }
  }, tickMs);

  const finish = async (): Promise<void> => {
    clearInterval(timer);
    await Promise.all(waiting);
    await agent.close();
  };
  let stopped: Promise<void> | undefined;

  return {
    now,
    inFlight: () => waiting.size,
    outcomes,
    stop: () => (stopped ??= finish()),
  };
}

/** The code of a broken connection, or the name of an error that has none, like a timeout. */
function codeOf(error: unknown): string {
  const of = (name: string): unknown =>
    typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined;
  return [of('code'), of('name')].find((value) => typeof value === 'string') ?? String(error);
}
