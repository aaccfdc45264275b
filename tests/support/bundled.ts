import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const project = resolve(import.meta.dirname, '../..');

/** As `bundle-program.js` writes it. */
interface Made {
  readonly program: string;
  /** Digest by path of each file of ours in it. */
  readonly inputs: Readonly<Record<string, string>>;
}

/**
 * Gives the file that Node.js runs in place of `<entry>`: the same sources as one bundle, made again when any of them
 * is another. Tests start some programs dozens of times, and loading one file by file takes longer than it runs.
 */
export function bundled(entry: string): string {
  const record = join(project, '.cache/programs', `${entry.replaceAll('/', '-').replace(/\.ts$/, '')}.json`);
  if (!existsSync(record) || !isOfToday(read(record))) {
    const builder = join(import.meta.dirname, 'bundle-program.js');
    execFileSync(process.execPath, [builder, entry, record], { stdio: 'inherit' });
  }
  return read(record).program;
}

const read = (record: string) => JSON.parse(readFileSync(record, 'utf8')) as Made;

const isOfToday = ({ inputs, program }: Made): boolean =>
  existsSync(program) &&
  Object.entries(inputs).every(([input, digest]) => {
    const path = join(project, input);
    return existsSync(path) && createHash('sha256').update(readFileSync(path)).digest('hex') === digest;
  });
