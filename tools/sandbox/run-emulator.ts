import { once } from 'node:events';
import { rename, writeFile } from 'node:fs/promises';
import { catchInterruption, createCommand, runCommand, wholeNumber } from '../../app/src/commands/command.ts';
import { Problem, reasonOf } from '../../app/src/commands/problem.ts';
import { startEmulator } from './emulator.ts';

const program = createCommand(
  'emulator',
  'An AWS control plane on loopback: moto with its gaps filled. Nothing is kept when it stops.',
)
  .option('--port <number>', 'where to listen; 0 takes a free port', wholeNumber(0, 65_535), 5566)
  .option('--record <file>', 'write process id and address there once it answers, as JSON')
  .action(async ({ port, record }: { port: number; record?: string }) => {
    const emulator = await startEmulator(port, console.error).catch((error: unknown) => {
      throw new Problem(
        `The emulator can't start: ${reasonOf(error)}`,
        'It needs python3 (3.10 or newer) and a free port: choose another with --port, 0 takes a free one.',
        { cause: error },
      );
    });
    const { signal } = catchInterruption();
    if (record !== undefined) {
      // Whole at once: who starts it looks for it all the time.
      await writeFile(`${record}.partial`, JSON.stringify({ pid: process.pid, url: emulator.url }));
      await rename(`${record}.partial`, record);
    }
    console.log(`The emulator answers on ${emulator.url}. Point a client at it, in another terminal:`);
    console.log(
      `  export AWS_ENDPOINT_URL=${emulator.url} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=eu-west-1`,
    );
    if (!signal.aborted) await once(signal, 'abort');
    await emulator.stop();
  });

await runCommand((argv) => program.parseAsync(argv, { from: 'user' }));
