import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { startEmulator } from './emulator.ts';

const defaultPort = 5566;

await new Command('emulator')
  .description('An AWS control plane on loopback: moto with its gaps filled. Nothing is kept when it stops.')
  .option('--port <number>', 'where to listen; 0 takes a free port', String(defaultPort))
  .option('--calls', 'print what was called when it stops')
  .option('--record <file>', 'write process id and address there once it answers, as JSON')
  .showHelpAfterError()
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .action(async ({ port, calls, record }: { port: string; calls?: true; record?: string }) => {
    const emulator = await startEmulator(Number(port), console.error).catch((error: unknown) => {
      console.error(`The emulator can't start: ${error instanceof Error ? error.message : String(error)}`);
      console.error(
        'It needs python3 (3.10 or newer) and a free port: choose another with --port, 0 takes a free one.',
      );
      process.exit(1);
    });
    if (record !== undefined)
      await writeFile(record, JSON.stringify({ pid: process.pid, url: emulator.url }));
    console.log(`The emulator answers on ${emulator.url}. Point a client at it, in another terminal:`);
    console.log(
      `  export AWS_ENDPOINT_URL=${emulator.url} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=eu-west-1`,
    );
    const stop = async (): Promise<void> => {
      await emulator.stop();
      if (calls) console.table(emulator.calls.counts());
    };
    process.once('SIGINT', () => void stop());
    process.once('SIGTERM', () => void stop());
  })
  .parseAsync();
