import { setFlagsFromString } from 'node:v8';

const startMs = 60_000;

/**
 * V8 forgets what it compiled of a function that hasn't run for some collections of the old generation. For a minute it does so after
 * one instead of six: much of a start never runs again, 5 MB (docs/adr/0176). Later it would be what the next burst of requests
 * needs, since V8 collects most thoroughly while a service is quiet.
 */
export function forgetTheStart(): void {
  setFlagsFromString('--bytecode-old-age=1');
  setFlagsFromString('--flush-baseline-code');
  setTimeout(forgetInTime, startMs).unref();
}

/** As V8 does by itself. */
export function forgetInTime(): void {
  setFlagsFromString('--bytecode-old-age=6');
  setFlagsFromString('--no-flush-baseline-code');
}
