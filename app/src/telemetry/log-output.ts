import { pino, type DestinationStream } from 'pino';

const standardOutput = 1;
/** What is written at once, however long the turn. */
const fullBytes = 16_000;

/** Lines for the standard output, which can be had at once: before the process ends, and when pino logs what is fatal. */
export interface LogOutput extends DestinationStream {
  flushSync(): void;
}

/**
 * Lines of one turn of the event loop are written together: under load a write per line is a tenth of what a request
 * costs. Nothing waits for a timer, and what a process that is killed can lose is its last turn.
 */
export function createLogOutput(): LogOutput {
  const output = pino.destination({ dest: standardOutput, sync: true, minLength: fullBytes });
  let isWaiting = false;
  const flush = () => {
    isWaiting = false;
    output.flush();
  };
  process.once('exit', () => {
    output.flushSync();
  });
  return {
    flushSync: () => {
      output.flushSync();
    },
    write(line) {
      output.write(line);
      if (isWaiting) return;
      isWaiting = true;
      setImmediate(flush);
    },
  };
}
