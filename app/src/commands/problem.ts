export interface ProblemOptions extends ErrorOptions {
  readonly exitCode?: number;
}

/** What went wrong and what to do about it, for a person at a terminal. */
export class Problem extends Error {
  override readonly name: string = 'Problem';
  readonly remedy: string;
  readonly exitCode: number;

  constructor(message: string, remedy: string, { exitCode = 1, ...options }: ProblemOptions = {}) {
    super(message, options);
    this.remedy = remedy;
    this.exitCode = exitCode;
  }
}

/** The command line asks for something that can't be meant: exit code 2. */
export class Misuse extends Problem {
  override readonly name = 'Misuse';

  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(message, remedy, { ...options, exitCode: 2 });
  }
}

/** Whether an error is the operating system's "there is no such file". */
export const isMissing = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(textOf(error, 'code'));

/** The first line of an error, without its stack. Of a failed `fetch` it is the cause that says what happened. */
export function reasonOf(error: unknown): string {
  const isObject = typeof error === 'object' && error !== null;
  const message = isObject && 'message' in error ? error.message : error;
  const first = String(message).split('\n')[0] ?? '';
  const cause = first === 'fetch failed' && isObject && 'cause' in error ? error.cause : undefined;
  return cause === undefined ? first : `${first}: ${reasonOf(cause) || textOf(cause, 'code')}`;
}

/** A text that an error carries, `code` or `name` for instance; empty when it has none. */
export function textOf(error: unknown, property: string): string {
  if (typeof error !== 'object' || error === null) return '';
  const value: unknown = Reflect.get(error, property);
  return typeof value === 'string' ? value : '';
}
