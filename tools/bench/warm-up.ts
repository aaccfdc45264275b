import type { LoadResult } from './load/generator.ts';
import type { ServerProcess } from './server-process.ts';

/** What a server did in a time in which it was kept busy. */
export interface Steady {
  /** Per request, of all threads, user and system. */
  readonly cpuUs: number;
  readonly perSecond: number;
  readonly busyPercent: number;
}

export type Load = (seconds: number) => Promise<LoadResult>;

/** A generator that is slower than the server leaves it idle at times. */
const enough = 0.8;
const patience = 20;
/** V8 has compiled what is hot after some thousand of them. */
const warmRequests = 4_000;
/** A stretch that saved less than this beside the best one before shows nothing that is still warming up. */
const settled = 0.03;

/**
 * Loads a server, stretch by stretch, until the CPU time of a request no longer falls. How long that takes depends on the
 * server: the more code a request runs, the later the last of it is compiled. Gives up after twenty stretches.
 */
export async function warmUp(server: ServerProcess, load: Load, seconds: number): Promise<void> {
  let best = Number.POSITIVE_INFINITY;
  for (let stretch = 0; stretch < patience; stretch += 1) {
    const { cpuUs } = await worked(server, load, seconds, stretch === 0 ? warmRequests : 1);
    if (cpuUs > best * (1 - settled)) return;
    best = cpuUs;
  }
}

/**
 * Loads a server until it has worked for so many seconds, which takes longer where others work on its core: a server
 * that has answered a few requests only is not measured, whatever the clock says.
 */
export async function worked(
  server: ServerProcess,
  load: Load,
  seconds: number,
  atLeastRequests = 1,
): Promise<Steady> {
  const { cpuUs: before } = await server.usage();
  let [requests, elapsed] = [0, 0];
  let cpuUs: number;
  do {
    const sent = await load(seconds);
    requests += sent.requests;
    elapsed += sent.seconds;
    cpuUs = (await server.usage()).cpuUs - before;
  } while ((cpuUs < seconds * 1e6 * enough || requests < atLeastRequests) && elapsed < seconds * patience);
  return {
    cpuUs: cpuUs / requests,
    perSecond: requests / elapsed,
    busyPercent: cpuUs / elapsed / 10_000,
  };
}
