import { type DestinationStream, type Logger, pino } from 'pino';

export interface LoggerSettings {
  readonly level: string;
  readonly service: string;
  readonly version: string;
}

/** JSON lines. An error is logged by what it says, never by what it holds: requests and headers have secrets. */
export function createLogger(
  { level, service, version }: LoggerSettings,
  destination?: DestinationStream,
): Logger {
  const options = {
    level,
    base: { service, version },
    timestamp: isoTime(),
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: describeError },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** As pino's own, which writes the date anew for each of many lines of the same millisecond. */
function isoTime(): () => string {
  let [at, text] = [0, ''];
  return () => {
    const now = Date.now();
    if (now !== at) [at, text] = [now, `,"time":"${new Date(now).toISOString()}"`];
    return text;
  };
}

interface ErrorDescription {
  readonly type: string;
  readonly message: string;
  readonly stack?: string;
  readonly cause?: ErrorDescription;
}

function describeError(error: unknown): ErrorDescription {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };
  const { name, message, stack, cause } = error;
  return {
    type: name,
    message,
    ...(stack === undefined ? {} : { stack }),
    ...(cause === undefined ? {} : { cause: describeError(cause) }),
  };
}

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
