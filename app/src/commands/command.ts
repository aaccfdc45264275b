import { inspect } from 'node:util';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { Problem, reasonOf } from './problem.ts';
import { createPaint } from './terminal.ts';

/** A command line, or one with subcommands: misuse of it becomes a `CommanderError`, which `runCommand` ends with 2. */
export function createCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .showHelpAfterError('Run it with --help to see all options.')
    .allowExcessArguments(false)
    .exitOverride();
}

/**
 * The frame of every program: runs it, and sets the exit code. It is what `work` resolves with if that is a number, 0 after
 * help, 2 after misuse, and 1 or its own after a `Problem`. Any other error is told in one line; with DEBUG=1 in full.
 * @param work given the arguments behind the program's name
 */
export async function runCommand(work: (argv: readonly string[]) => Promise<unknown>): Promise<void> {
  // Who reads the output may leave before the end, as `head` does. The work goes on all the same.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
  try {
    const result = await work(process.argv.slice(2));
    if (typeof result === 'number') process.exitCode = result;
  } catch (error) {
    process.exitCode = explain(error, process.stderr);
  }
}

/** Tells a person what became of a program, and returns its exit code. */
export function explain(
  error: unknown,
  stream: Pick<NodeJS.WriteStream, 'write'> & { isTTY?: boolean },
): number {
  // Commander has printed the reason already, and ends help with 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const label = createPaint(stream).red('error:');
  const isKnown = error instanceof Problem;
  const isInFull = Boolean(process.env['DEBUG']);
  const hint = isInFull
    ? inspect(error)
    : 'This program did not expect it. DEBUG=1 shows where it comes from.';
  const detail = isKnown && !isInFull ? error.remedy : isKnown ? `${error.remedy}\n${inspect(error)}` : hint;
  stream.write(`${label} ${isKnown ? error.message : reasonOf(error)}\n${detail}\n`);
  return isKnown ? error.exitCode : 1;
}

export interface Interruption {
  /** Aborted when the program is asked to end. */
  readonly signal: AbortSignal;
  /** What a shell expects of a program that was asked to end: 130, 143, 129. 0 as long as nobody has asked. */
  readonly exitCode: () => number;
}

/** `npm run` passes Ctrl-C on to a program that the terminal has told already: both are one. */
const oneRequestMs = 500;

/** From now on the first SIGINT, SIGTERM or SIGHUP lets the program end in order. The next one ends it at once. */
export function catchInterruption(): Interruption {
  const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
  const abort = new AbortController();
  let exitCode = 0;
  let askedAt = 0;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (exitCode !== 0 && performance.now() - askedAt > oneRequestMs) process.exit(codes[name]);
      if (exitCode !== 0) return;
      exitCode = codes[name];
      askedAt = performance.now();
      abort.abort();
    });
  }
  return { signal: abort.signal, exitCode: () => exitCode };
}

/** Reads a number of an option, and says its limits when it is another. */
export const wholeNumber =
  (least: number, most: number) =>
  (text: string): number => {
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };

export function address(text: string): string {
  if (URL.canParse(text) && /^https?:/.test(text)) return text;
  throw new InvalidArgumentError('It must be an http:// or https:// address.');
}

/** The table that a command works on. */
export interface TableOptions {
  /** Absent only where nothing is written. */
  readonly table?: string;
  readonly region: string;
  readonly endpoint?: string;
}

export const tableOptions = (): Option[] => [
  new Option('--table <name>', 'the table').env('TABLE_NAME'),
  new Option('--region <name>', 'AWS region').env('REGION').default('eu-west-1'),
  new Option('--endpoint <url>', 'a local DynamoDB instead of AWS').argParser(address),
];
