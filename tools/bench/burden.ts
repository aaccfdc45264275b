import { subscribe } from 'node:diagnostics_channel';

/**
 * Loaded into a server before its own code (`node --import`): makes it spend BURDEN_US microseconds of CPU on each
 * request. A check that can't see a slower server is no check.
 */
const burdenMs = Number(process.env['BURDEN_US']) / 1_000;

subscribe('http.server.request.start', () => {
  const end = performance.now() + burdenMs;
  while (performance.now() < end);
});
