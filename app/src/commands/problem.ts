/** What went wrong and what to do about it, for a person at a terminal. */
export class Problem extends Error {
  readonly remedy: string;
  readonly exitCode: number;

  constructor(message: string, remedy: string, exitCode = 1) {
    super(message);
    this.remedy = remedy;
    this.exitCode = exitCode;
  }
}

/** The command line asks for something that can't be meant: exit code 2. */
export class Misuse extends Problem {
  constructor(message: string, remedy: string) {
    super(message, remedy, 2);
  }
}

/** Whether an error is the operating system's "there is no such file". */
export function isMissing(error: unknown): boolean {
  return (
    typeof error === 'object' &&
    error !== null &&
    'code' in error &&
    (error.code === 'ENOENT' || error.code === 'ENOTDIR')
  );
}

/** The first line of an error, without its stack. */
export function reasonOf(error: unknown): string {
  const message = typeof error === 'object' && error !== null && 'message' in error ? error.message : error;
  return String(message).split('\n')[0] ?? '';
}
