import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { Problem } from '../modules/problem.ts';

const run = promisify(execFile);
const timeoutMs = 300_000;

/** A published archive, pinned by its content. */
export interface Tool {
  readonly name: string;
  readonly version: string;
  readonly url: string;
  readonly sha256: string;
  /** Unpacks the archive; the folder, then the archive follow. */
  readonly unpack: readonly string[];
  /** Path of the program in the archive. */
  readonly program: string;
}

/** Puts a tool into `home` and a link to its program into `home/bin`. Resolves with whether it had to be fetched. */
export async function installTool(tool: Tool, home: string): Promise<boolean> {
  const folder = join(home, `${tool.name}-${tool.version}`);
  const link = join(home, 'bin', basename(tool.program));
  const isNew = !existsSync(join(folder, tool.program));
  await mkdir(join(home, 'bin'), { recursive: true });
  if (isNew) await fetchInto(tool, home, folder);
  await rm(link, { force: true });
  await symlink(join('..', basename(folder), tool.program), link);
  return isNew;
}

/** Nothing is unpacked before its checksum is right, and nothing half-unpacked bears the final name. */
async function fetchInto({ name, url, sha256, unpack }: Tool, home: string, folder: string): Promise<void> {
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
  if (!response.ok) throw new Problem(`${url} answers ${response.status}.`, `Is ${name} published there?`);
  const bytes = Buffer.from(await response.arrayBuffer());
  const actual = createHash('sha256').update(bytes).digest('hex');
  if (actual !== sha256)
    throw new Problem(
      `${url} is not what was reviewed: sha256 ${actual}, pinned is ${sha256}.`,
      'Never accept this in passing: find out why it changed.',
    );
  const scratch = await mkdtemp(join(home, 'unpacking-'));
  try {
    const archive = join(scratch, basename(new URL(url).pathname));
    const content = join(scratch, 'content');
    await mkdir(content);
    await writeFile(archive, bytes);
    const [program = '', ...args] = unpack;
    await run(program, program === 'tar' ? [...args, content, '-f', archive] : [...args, content, archive]);
    await rm(folder, { recursive: true, force: true });
    await rename(content, folder);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
