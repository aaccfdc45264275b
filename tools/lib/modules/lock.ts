import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { posix } from 'node:path';
import { readCapabilities, type CapabilitiesByDirectory } from './capabilities.ts';
import { gitTreeHash, readTree, type TreeFile } from './file-tree.ts';
import { formatAddress, type ModuleRelease } from './module-address.ts';
import { isMissing, Problem } from '../../../app/src/commands/problem.ts';

/** What the lock holds of one release. */
export interface LockedRelease {
  /** Git's tree hash of the release: what `git rev-parse <tag>^{tree}` prints in a clone. */
  readonly tree: string;
  readonly capabilities: CapabilitiesByDirectory;
  /** SHA-256 of each file in hex, followed by its kind when that is not an ordinary file. */
  readonly files: Readonly<Record<string, string>>;
}

/** Releases by module address and version. */
export type Lock = Readonly<Record<string, Readonly<Record<string, LockedRelease>>>>;

export const lockPath = 'security/modules.lock.json';

/** The lock's entry for the tree in `directory`. Throws a Problem for what can't be locked. */
export async function describeRelease(directory: string): Promise<LockedRelease> {
  const tree = await readTree(directory);
  return {
    tree: gitTreeHash(tree),
    capabilities: await describeCapabilities(tree),
    files: describeFiles(tree),
  };
}

/** What the tree can do. Throws a Problem for HCL that can't be read, and for a link that leads out of the tree. */
export async function describeCapabilities(tree: readonly TreeFile[]): Promise<CapabilitiesByDirectory> {
  const escape = tree.find(leadsOut);
  if (escape === undefined) return readCapabilities(tree);
  throw new Problem(
    `${escape.path} is a link to ${escape.content.toString()}, outside of the module`,
    "its content is not its own: such a module can't be locked",
  );
}

export function describeFiles(tree: readonly TreeFile[]): LockedRelease['files'] {
  return Object.fromEntries(tree.map((file) => [file.path, fingerprint(file)]));
}

function fingerprint({ kind, content }: TreeFile): string {
  const hash = createHash('sha256').update(content).digest('hex');
  return kind === 'file' ? hash : `${hash} ${kind}`;
}

function leadsOut({ path, kind, content }: TreeFile): boolean {
  if (kind !== 'symlink') return false;
  const target = posix.join(posix.dirname(path), content.toString());
  return posix.isAbsolute(content.toString()) || target === '..' || target.startsWith('../');
}

export function findLocked(lock: Lock, { address, version }: ModuleRelease): LockedRelease | undefined {
  return lock[formatAddress(address)]?.[version];
}

/** The lock with `locked` for `release`, in place of the module's other versions unless they are kept. */
export function withRelease(
  lock: Lock,
  { address, version }: ModuleRelease,
  locked: LockedRelease,
  keepOthers = false,
): Lock {
  const others = keepOthers ? lock[formatAddress(address)] : {};
  return { ...lock, [formatAddress(address)]: { ...others, [version]: locked } };
}

/** Reads the lock; an absent file is an empty lock, in which nothing is locked. Throws a Problem when it is damaged. */
export async function readLock(path: string): Promise<Lock> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return {};
    throw error;
  }
  const remedy = 'take the last good version from git, or write it anew with `npm run modules -- lock`';
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new Problem(`${path} is not JSON`, remedy);
  }
  if (
    isRecord(parsed) &&
    parsed['lockVersion'] === 1 &&
    isRecord(parsed['modules']) &&
    Object.values(parsed['modules']).every(isVersions)
  ) {
    return parsed['modules'] as Lock;
  }
  throw new Problem(`${path} is not a module lock of version 1`, remedy);
}

/** Writes the lock with sorted keys, so that a change of one release is one hunk. */
export async function writeLock(path: string, lock: Lock): Promise<void> {
  const modules = sortKeys(
    Object.fromEntries(Object.entries(lock).map(([address, versions]) => [address, sortKeys(versions)])),
  );
  await writeFile(path, `${JSON.stringify({ lockVersion: 1, modules }, null, 2)}\n`);
}

const sortKeys = <T>(record: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).sort(([left], [right]) => (left < right ? -1 : 1)));

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isVersions = (value: unknown): boolean =>
  isRecord(value) && Object.values(value).every(isLockedRelease);

const isLockedRelease = (value: unknown): boolean =>
  isRecord(value) &&
  typeof value['tree'] === 'string' &&
  isRecord(value['files']) &&
  Object.values(value['files']).every((hash) => typeof hash === 'string') &&
  isRecord(value['capabilities']) &&
  Object.values(value['capabilities']).every(
    (lines) => Array.isArray(lines) && lines.every((line) => typeof line === 'string'),
  );
