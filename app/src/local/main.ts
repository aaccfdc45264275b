import { catchInterruption, runCommand } from '../commands/command.ts';
import { createPaint } from '../commands/terminal.ts';
import { readRunOptions } from './run-options.ts';
import { createStopStack } from './stop-stack.ts';

const say = (line: string) => process.stdout.write(`${line}\n`);

await runCommand(async (argv) => {
  const startedAt = Date.now();
  const { signal } = catchInterruption();
  const options = readRunOptions(argv);
  const stack = createStopStack();
  // After the options, because it takes a second that misuse and --help need not wait for.
  const { startLocalStack, welcome } = await import('./local-stack.ts');

  const asked = new Promise<'asked'>((resolve) => {
    signal.addEventListener('abort', () => {
      resolve('asked');
    });
    if (signal.aborted) resolve('asked');
  });
  const started = startLocalStack(options, stack, say);
  const died = started.then((local) => {
    say(welcome(local, (Date.now() - startedAt) / 1000, createPaint(process.stdout)));
    return local.died;
  });

  try {
    const outcome = await Promise.race([asked, died]);
    if (outcome !== 'asked') throw outcome;
    say('\nStopping …');
    return 0;
  } finally {
    await stack.stopAll();
    // Asked to stop in the middle of starting: what was about to start has noticed and is stopped as well.
    await started.catch(() => undefined);
    await stack.stopAll();
  }
});
// What a library may still hold open, a keep-alive connection for instance, keeps nobody waiting.
process.exit();
