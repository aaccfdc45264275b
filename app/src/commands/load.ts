import { CommanderError } from 'commander';
import { parseOptions } from './load/options.ts';

const misuse = 2;

const interruption = new AbortController();
// Once: a second Ctrl-C ends the process at once, as everywhere.
process.once('SIGINT', () => {
  interruption.abort();
});

try {
  const options = parseOptions(process.argv.slice(2));
  // Only now, so that help and misuse don't wait for the AWS SDK.
  const { run } = await import('./load/run.ts');
  process.exitCode = await run(options, interruption.signal);
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : misuse;
}
