import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { Problem, reasonOf } from '../../app/src/commands/problem.ts';

const run = promisify(execFile);
const timeoutMs = 300_000;
const versionTimeoutMs = 20_000;

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
  /** What the program takes to tell its version. */
  readonly versionArgs: readonly string[];
  /** Whether a later version of the machine's does as well. */
  readonly orLater: boolean;
}

/** Where a tool came from. */
export type Origin =
  | { readonly kind: 'kept' | 'installed' }
  /** The machine has it: not the archive that was pinned, so its own checksum is told. */
  | { readonly kind: 'machine'; readonly path: string; readonly version: string; readonly sha256: string };

/**
 * Puts a tool into `home` and a link to its program into `home/bin`, unless a program of the pinned version is on `path`
 * already: the build image has none, a laptop and a machine without internet may.
 */
export async function provideTool(tool: Tool, home: string, path: string): Promise<Origin> {
  const folder = join(home, `${tool.name}-${tool.version}`);
  const isKept = existsSync(join(folder, tool.program));
  const found = isKept ? undefined : await findOnMachine(tool, path, join(home, 'bin'));
  if (found !== undefined) return found;
  const link = join(home, 'bin', basename(tool.program));
  await mkdir(join(home, 'bin'), { recursive: true });
  if (!isKept) await fetchInto(tool, home, folder);
  await rm(link, { force: true });
  await symlink(join('..', basename(folder), tool.program), link);
  return { kind: isKept ? 'kept' : 'installed' };
}

/** The first program of that name on the path, which is the one that would run, when its version will do. */
async function findOnMachine(tool: Tool, path: string, own: string): Promise<Origin | undefined> {
  const program = path
    .split(delimiter)
    .filter((folder) => folder !== '' && folder !== own)
    .map((folder) => join(folder, basename(tool.program)))
    .find((file) => existsSync(file));
  if (program === undefined) return undefined;
  const { stdout } = await run(program, tool.versionArgs, { timeout: versionTimeoutMs }).catch(() => ({
    stdout: '',
  }));
  const version = /\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? '';
  const order = version.localeCompare(tool.version, 'en', { numeric: true });
  if (version === '' || (tool.orLater ? order < 0 : order !== 0)) return undefined;
  const sha256 = createHash('sha256')
    .update(await readFile(program))
    .digest('hex');
  return { kind: 'machine', path: program, version, sha256 };
}

/** Nothing is unpacked before its checksum is right, and nothing half-unpacked bears the final name. */
async function fetchInto(tool: Tool, home: string, folder: string): Promise<void> {
  const { name, version, url, sha256, unpack } = tool;
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) }).catch((error: unknown) => {
    throw new Problem(
      `${url} can't be fetched: ${reasonOf(error)}.`,
      `Let this machine reach it, or put ${name} ${version} on the PATH: then nothing is fetched.`,
    );
  });
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
