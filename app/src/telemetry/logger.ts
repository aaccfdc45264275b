import { pino, type DestinationStream, type Logger } from 'pino';

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
