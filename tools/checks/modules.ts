import { runCommandLine } from '../lib/module-commands.ts';

process.exitCode = await runCommandLine(process.argv.slice(2), {
  directory: process.cwd(),
  isColoured: process.stdout.isTTY && process.env['NO_COLOR'] === undefined,
  out: (text) => process.stdout.write(text),
  error: (text) => process.stderr.write(text),
});
