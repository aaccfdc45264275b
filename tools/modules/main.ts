import { resolve } from 'node:path';
import { Command } from 'commander';
import { cacheDirectory } from './cache-directory.ts';
import { createMirror } from './mirror.ts';
import { formatRelease, parseRelease } from './module-address.ts';
import { addFromClone } from './release-sources.ts';

const program = new Command('modules');
program
  .command('add')
  .argument('<release>')
  .requiredOption('--clone <dir>')
  .option('--dir <dir>')
  .action(async (text: string, options: { clone: string; dir?: string }) => {
    const release = parseRelease(text);
    const mirror = createMirror(options.dir ?? cacheDirectory('modules', process.env));
    console.log(formatRelease(release), await addFromClone(mirror, release, resolve(options.clone)));
  });
await program.parseAsync();
