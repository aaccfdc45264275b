import { monitorEventLoopDelay } from 'node:perf_hooks';

/**
 * Loaded into a process before its own code (`node --import`), so that any server, the production bundle unchanged among
 * them, can be asked what it uses.
 */
export interface Usage {
  /** Of all threads, user and system. */
  readonly cpuUs: number;
  readonly rssBytes: number;
  /** Longest wait of the event loop since it was last asked, ms. */
  readonly blockedMs: number;
}

const resolutionMs = 1;
const delay = monitorEventLoopDelay({ resolution: resolutionMs });

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  return {
    cpuUs: user + system,
    rssBytes: process.memoryUsage.rss(),
    blockedMs: Math.max(0, delay.max / 1e6 - resolutionMs),
  };
}

process.on('message', (message) => {
  if (message === 'watch') delay.enable();
  const answer = usage();
  delay.reset();
  process.send?.(answer);
});
// Listening must not keep a server alive that wants to end.
process.channel?.unref();
