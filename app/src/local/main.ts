import { Command, InvalidArgumentError, Option } from 'commander';
import { catchInterruption, runCommand } from '../commands/command.ts';
import { createPaint } from '../commands/terminal.ts';
import type { RunOptions } from './local-stack.ts';
import { createStopStack } from './stop-stack.ts';

const say = (line: string) => process.stdout.write(`${line}\n`);

const port = (name: string, variable: string, what: string, standard: number) =>
  new Option(`--${name} <port>`, `${what}; 0 takes a free one`)
    .env(variable)
    .default(standard)
    .argParser(readPort);

function readPort(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > 65_535) throw new InvalidArgumentError('A port is 0 to 65535.');
  return value;
}

/** Reads the command line and the environment. Throws commander's `CommanderError` for help and for misuse. */
function readRunOptions(argv: readonly string[]): RunOptions {
  return new Command('make run')
    .usage('[ARGS="options"]')
    .description(
      'Run the movies API on this machine: embedded DynamoDB, real movies, token issuer, Swagger UI.',
    )
    .addOption(port('port', 'PORT', 'port of the API', 8080))
    .addOption(port('metrics-port', 'METRICS_PORT', 'port of its metrics', 9464))
    .addOption(port('issuer-port', 'ISSUER_PORT', 'port of the token issuer', 8081))
    .addOption(port('dynamodb-port', 'DYNAMODB_PORT', 'port of the embedded DynamoDB', 8000))
    .addOption(new Option('--data-dir <folder>', 'where the data is kept').env('DATA_DIR').default('.data'))
    .option('--prometheus', 'start Prometheus too, with the rules of production', false)
    .addOption(port('prometheus-port', 'PROMETHEUS_PORT', 'its port', 9090))
    .exitOverride()
    .allowExcessArguments(false)
    .parse(argv, { from: 'user' })
    .opts();
}

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
