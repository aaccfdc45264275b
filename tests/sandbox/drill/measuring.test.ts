import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';
import { closeServer, listenOnLoopback } from '../../../app/src/local/listen.ts';
import { eventually } from '../../support/eventually.ts';
import { drawChart } from './figures.ts';
import { judge, type Budget } from './drill.ts';
import { between, figuresOf, lastBadAfter, percentile } from './figures.ts';
import { startLoad, type Load, type Outcome } from '../../../tools/sandbox/deployment/load.ts';

const answered = (dueAt: number, tookMs = 10, status = 200): Outcome => ({ dueAt, tookMs, status });
const unanswered = (dueAt: number): Outcome => ({ dueAt, tookMs: 20_000, error: 'UND_ERR_SOCKET' });
const seconds = (from: number, to: number): readonly Outcome[] =>
  Array.from({ length: to - from }, (_, index) => answered((from + index) * 1_000));

const everythingIsIn = async (load: Load, requests: number): Promise<void> => {
  await eventually(() => {
    expect(load.outcomes).toHaveLength(requests);
  }).finally(load.stop);
};

describe('the load', () => {
  let server: Server | undefined;
  const serve = async (listener: RequestListener): Promise<string> => {
    server = createServer(listener);
    return (await listenOnLoopback(server, 0)).url;
  };
  const options = { ratePerSecond: 100, path: () => '/', headers: {}, timeoutMs: 1_500, maxRequests: 1_000 };
  afterEach(async () => {
    if (server) await closeServer(server);
  });

  test('goes on at its rate while nothing is answered', async () => {
    const unanswered: ServerResponse[] = [];
    const url = await serve((_request, response) => {
      unanswered.push(response);
      if (unanswered.length === 30) for (const one of unanswered) one.end();
    });
    const load = startLoad({ ...options, url, timeoutMs: 10_000, maxRequests: 30 });

    await everythingIsIn(load, 30);

    expect(figuresOf(load.outcomes)).toMatchObject({ requests: 30, failed: 0 });
    // The first waited until the last was due: 29 intervals of 10 ms.
    expect(figuresOf(load.outcomes).longest).toBeGreaterThanOrEqual(280);
  });

  test('counts each failure once, and by its kind: nothing is retried', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/busy') response.writeHead(503).end();
      else if (request.url === '/cut') request.socket.destroy();
    });
    const paths = ['/busy', '/cut', '/silent'];
    const load = startLoad({ ...options, url, path: (n) => paths[n] ?? '/', maxRequests: 3 });

    await everythingIsIn(load, 3);

    expect(figuresOf(load.outcomes).failures).toEqual({ 503: 1, TimeoutError: 1, UND_ERR_SOCKET: 1 });
  });

  test('ends by itself after as many requests as it may send', async () => {
    const url = await serve((_request, response) => response.end());
    const load = startLoad({ ...options, url, maxRequests: 5 });

    await everythingIsIn(load, 5);

    expect(load.outcomes.length).toBe(5);
  });
});

describe('the figures', () => {
  test('percentiles are by nearest rank', () => {
    const latencies = Array.from({ length: 100 }, (_, index) => index + 1);

    expect([percentile(latencies, 0.5), percentile(latencies, 0.99), percentile([], 0.5)]).toEqual([
      50, 99, 0,
    ]);
  });

  test('a request belongs to the stretch in which it was due, whenever its answer came', () => {
    const late = answered(900, 5_000);

    expect(between([late], 0, 1_000)).toEqual([late]);
  });

  test('the last bad request is one that failed or was slow', () => {
    const outcomes = [answered(1), answered(2, 10, 503), answered(3, 5_000), answered(4)];

    expect([lastBadAfter(outcomes, 0, 1_000), lastBadAfter(outcomes, 4, 1_000)]).toEqual([3, 4]);
  });
});

describe('the pass mark', () => {
  const budget: Budget = { failed: 0, recoveredWithinMs: 30_000 };
  const resultOf = (during: readonly Outcome[], changes: Partial<Parameters<typeof judge>[0]> = {}) => ({
    before: figuresOf(seconds(0, 5)),
    during: figuresOf(during),
    after: figuresOf(seconds(20, 25)),
    recoveredAfterMs: 0,
    inFlightAtFault: 0,
    outcomes: during,
    budget,
    ...changes,
  });

  test('is met when nothing fails', () => {
    expect(judge(resultOf(seconds(5, 20)))).toEqual([]);
  });

  test('is met by failures of what was in flight, and missed by one more', () => {
    const twoLost = [unanswered(5_000), unanswered(5_010), ...seconds(6, 20)];

    expect(judge(resultOf(twoLost, { inFlightAtFault: 2 }))).toEqual([]);
    expect(judge(resultOf(twoLost, { inFlightAtFault: 1 }))).toEqual([
      '2 requests failed, 1 may: {"UND_ERR_SOCKET":2}',
    ]);
  });

  test('is missed by a failure before the fault or after it', () => {
    const failing = figuresOf([answered(1, 10, 500)]);

    expect(judge(resultOf([], { before: failing, after: failing }))).toEqual([
      '1 requests failed before the fault: {"500":1}',
      '1 requests failed when it was over: {"500":1}',
    ]);
  });

  test('is missed by a late recovery', () => {
    expect(judge(resultOf([], { recoveredAfterMs: 31_000 }))).toEqual([
      'a request failed or was slow 31.0 s after, 30.0 s are allowed',
    ]);
  });

  test('is missed by failures of another kind, or slow ones', () => {
    const failures = { status: 503, withinMs: 1_000 };
    const during = [answered(1, 5, 503), answered(2, 5, 502), answered(3, 2_000, 503)];

    expect(judge(resultOf(during, { budget: { ...budget, failed: 9, failures } }))).toEqual([
      '2 failures were no 503 within 1.0 s: {"502":1,"503":1}',
    ]);
  });

  test('is missed when no load was there to measure with', () => {
    const nothing = figuresOf([]);

    expect(judge(resultOf([], { before: nothing, after: nothing }))).toEqual([
      'no load before or after the fault: nothing is proven',
    ]);
  });
});

test('a chart of a long drill has bars that can be seen, and cuts no late mark off', () => {
  const svg = drawChart('Long', seconds(0, 1_000), [{ at: 999_000, label: 'well' }]);

  const widths = [...svg.matchAll(/width="([-\d.]+)" height="[\d.]+" fill="#9ecae1"/g)].map(([, width]) =>
    Number(width),
  );
  expect(widths).toHaveLength(1_000);
  expect(Math.min(...widths)).toBeGreaterThan(0);
  expect(svg).toMatch(/text-anchor="end"[^>]*>well</);
});

test('a chart shows answered and failed requests of each second, the p99 line and the marks', () => {
  const outcomes = [...seconds(0, 3), unanswered(1_500)];

  const svg = drawChart('A <task> is killed', outcomes, [{ at: 1_000, label: 'killed' }]);

  expect(svg).toContain('A &#60;task&#62; is killed');
  expect(svg.match(/fill="#9ecae1"/g)).toHaveLength(3);
  expect(svg.match(/fill="#d7301f"/g)).toHaveLength(1);
  expect(svg).toContain('>killed</text>');
  expect(svg).toMatch(/<polyline points="([\d.]+,[\d.]+ ?){3}"/);
});
