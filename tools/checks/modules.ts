import { runCommand } from '../../app/src/commands/command.ts';
import { runCommandLine } from '../lib/module-commands.ts';

await runCommand((argv) =>
  runCommandLine(argv, {
    directory: process.cwd(),
    isColoured: process.stdout.isTTY && process.env['NO_COLOR'] === undefined,
    out: (text) => process.stdout.write(text),
    error: (text) => process.stderr.write(text),
  }),
);
