import { setFlagsFromString } from 'node:v8';

const startMs = 60_000;
/** The V8 of older ones has no such option, and says so among the lines of the log. */
const canCollectAsEver = Number.parseInt(process.versions.node, 10) >= 24;

/**
 * V8 forgets what it compiled of a function that hasn't run for some collections of the old generation. For a minute it does so after
 * one instead of six: much of a start never runs again, 5 MB. Later it would be what the next burst of requests needs.
 *
 * While a service is quiet V8 collects to give memory back, and forgets then what the code that it has optimised relies on. It is to
 * collect as ever instead: the burst after would wait 100 ms and more until all is compiled again.
 */
export function forgetOnlyTheStart(): void {
  setFlagsFromString('--bytecode-old-age=1');
  setFlagsFromString('--flush-baseline-code');
  if (canCollectAsEver) setFlagsFromString('--no-memory-reducer-favors-memory');
  setTimeout(forgetInTime, startMs).unref();
}

function forgetInTime(): void {
  setFlagsFromString('--bytecode-old-age=6');
  setFlagsFromString('--no-flush-baseline-code');
}

/** Takes all of it back: V8 as it comes, which is how it takes a code cache. */
export function forgetAsV8Comes(): void {
  forgetInTime();
  if (canCollectAsEver) setFlagsFromString('--memory-reducer-favors-memory');
}
