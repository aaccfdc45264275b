import { CommanderError } from 'commander';
import { Problem } from './problem.ts';
import { readRunOptions } from './run-options.ts';
import { createStopStack } from './stop-stack.ts';
import { createPaint } from './terminal.ts';

const say = (line: string) => process.stdout.write(`${line}\n`);

/** Resolves when a person or a supervisor asks this process to end; whoever asks again gets it at once. */
const askedToStop = new Promise<'asked'>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      process.once(signal, () => process.exit(130));
      resolve('asked');
    });
  }
});

async function run(): Promise<number> {
  const startedAt = Date.now();
  const options = readRunOptions(process.argv.slice(2));
  const stack = createStopStack();
  // After the options, because it takes a second that misuse and --help need not wait for.
  const [{ startLocalStack }, { welcome }] = await Promise.all([
    import('./local-stack.ts'),
    import('./welcome.ts'),
  ]);

  const started = startLocalStack(options, stack, say);
  const died = started.then(async (local) => {
    say(welcome(local, (Date.now() - startedAt) / 1000, createPaint(process.stdout)));
    return local.died;
  });

  try {
    const outcome = await Promise.race([askedToStop, died]);
    if (outcome !== 'asked') throw outcome;
    say('\nStopping …');
    return 0;
  } finally {
    await stack.stopAll();
    // Asked to stop in the middle of starting: what was about to start has noticed and is stopped as well.
    await started.catch(() => undefined);
    await stack.stopAll();
  }
}

function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const paint = createPaint(process.stderr);
  const message = error instanceof Error ? error.message : String(error);
  const detail =
    error instanceof Problem ? `       ${error.remedy}` : error instanceof Error ? error.stack : '';
  process.stderr.write(`${paint('red', 'error:')} ${message}\n${detail ?? ''}\n`);
  return 1;
}

process.exit(await run().catch(explain));
