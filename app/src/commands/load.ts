import { catchInterruption, runCommand } from './command.ts';
import { parseOptions } from './load/options.ts';

await runCommand(async (argv) => {
  const interruption = catchInterruption();
  const options = parseOptions(argv);
  // Only now, so that help and misuse don't wait for the AWS SDK.
  const { run } = await import('./load/run.ts');
  const exitCode = await run(options, interruption.signal);
  return interruption.exitCode() || exitCode;
});
