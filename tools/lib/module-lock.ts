import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join, posix, relative } from 'node:path';
import { isMissing, Problem } from '../../app/src/commands/problem.ts';
import { createPaint, type Paint } from '../../app/src/commands/terminal.ts';
import {
  formatAddress,
  formatRelease,
  type InstalledPackage,
  readInstalledPackages,
} from './module-releases.ts';
import {
  type CapabilitiesByDirectory,
  gitTreeHash,
  readCapabilities,
  readTree,
  type TreeFile,
} from './module-tree.ts';

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
async function describeCapabilities(tree: readonly TreeFile[]): Promise<CapabilitiesByDirectory> {
  const escape = tree.find(leadsOut);
  if (escape === undefined) return readCapabilities(tree);
  throw new Problem(
    `${escape.path} is a link to ${escape.content.toString()}, outside of the module`,
    "its content is not its own: such a module can't be locked",
  );
}

function describeFiles(tree: readonly TreeFile[]): LockedRelease['files'] {
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

/** One ability that was gained or lost, with the directory of the package that has it. */
export interface CapabilityChange {
  readonly kind: 'gained' | 'lost';
  readonly directory: string;
  readonly capability: string;
}

export interface FileChange {
  readonly kind: 'changed' | 'added' | 'removed';
  readonly path: string;
}

/** Abilities with which a module reaches out of the plan: a reviewer looks at these first. */
const grave =
  /^(?:provisioner |data (?:external|http)$|module (?!\.)|provider configuration |backend |function provider::)/;

export function isGrave({ kind, capability }: CapabilityChange): boolean {
  return kind === 'gained' && grave.test(capability);
}

export function compareCapabilities(
  before: CapabilitiesByDirectory,
  after: CapabilitiesByDirectory,
): CapabilityChange[] {
  const directories = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return directories.flatMap((directory) => {
    const old = before[directory] ?? [];
    const now = after[directory] ?? [];
    return [
      ...now
        .filter((line) => !old.includes(line))
        .map((capability) => ({ kind: 'gained' as const, directory, capability })),
      ...old
        .filter((line) => !now.includes(line))
        .map((capability) => ({ kind: 'lost' as const, directory, capability })),
    ];
  });
}

/**
 * The files that differ. Terraform copies a package without the paths that start with a dot when a second module call
 * uses it, so those may be absent, but only all of them together.
 */
export function compareFiles(
  locked: LockedRelease['files'],
  installed: LockedRelease['files'],
): FileChange[] {
  const hasDotFiles = Object.keys(installed).some(isDotPath);
  const expected = Object.keys(locked).filter((path) => hasDotFiles || !isDotPath(path));
  const removed = expected
    .filter((path) => !(path in installed))
    .map((path) => ({ kind: 'removed' as const, path }));
  const added = Object.keys(installed)
    .filter((path) => !(path in locked))
    .map((path) => ({ kind: 'added' as const, path }));
  const changed = expected
    .filter((path) => path in installed && installed[path] !== locked[path])
    .map((path) => ({ kind: 'changed' as const, path }));
  return [...changed, ...added, ...removed];
}

const isDotPath = (path: string): boolean => path.split('/').some((segment) => segment.startsWith('.'));

/** What is wrong with one installed package. */
export interface Finding {
  readonly installed: InstalledPackage;
  /** Why it can't be compared in full: the lock doesn't hold it, or its HCL can't be read. */
  readonly reasons: readonly string[];
  readonly files: readonly FileChange[];
  readonly capabilities: readonly CapabilityChange[];
}

export interface Verification {
  readonly root: string;
  readonly packages: number;
  readonly files: number;
  readonly findings: readonly Finding[];
}

/** Compares every registry module that is installed in a working directory with the lock: its files, and what it can do. */
export async function verifyRoot(
  root: string,
  lock: Lock,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Verification> {
  const packages = await readInstalledPackages(root, env);
  const findings: Finding[] = [];
  let files = 0;
  for (const installed of packages) {
    const tree = await readTree(installed.tree);
    files += tree.length;
    const { address, version } = installed.release;
    const locked = lock[formatAddress(address)]?.[version];
    const finding = { installed, ...(await compare(installed, tree, locked)) };
    if (finding.reasons.length + finding.files.length + finding.capabilities.length > 0)
      findings.push(finding);
  }
  return { root, packages: packages.length, files, findings };
}

async function compare(
  installed: InstalledPackage,
  tree: TreeFile[],
  locked?: LockedRelease,
): Promise<Omit<Finding, 'installed'>> {
  if (locked === undefined)
    return { reasons: ['the release is not in the lock'], files: [], capabilities: [] };
  const used = installed.directory === '' ? '.' : installed.directory;
  const reasons = used in locked.capabilities ? [] : [`what ${used} can do is not in the lock`];
  const files = compareFiles(locked.files, describeFiles(tree));
  try {
    // Also where no file differs: the lock itself may have been edited to claim less than the files do.
    return {
      reasons,
      files,
      capabilities: compareCapabilities(locked.capabilities, await describeCapabilities(tree)),
    };
  } catch (error) {
    if (error instanceof Problem) return { reasons: [...reasons, error.message], files, capabilities: [] };
    throw error;
  }
}

export function describeVerification(
  { root, packages, files, findings }: Verification,
  paint: Paint,
): string {
  if (findings.length > 0)
    return [
      `${paint.red('FAIL')} ${root}`,
      ...findings.map((finding) => describeFinding(finding, paint)),
    ].join('\n');
  return `${paint.green('ok  ')} ${root}: ${packages} installed packages, ${files} files, each as the lock says`;
}

function describeFinding({ installed, reasons, files, capabilities }: Finding, paint: Paint): string {
  return [
    `  module "${installed.call}" (${formatRelease(installed.release)})`,
    ...reasons.map((reason) => `    ${paint.red('unlocked')} ${reason}`),
    ...files.map((change) => `    ${describeFile(change, paint)}`),
    ...capabilities.map((change) => `    ${describeCapability(change, paint)}`),
  ].join('\n');
}

export function describeFile({ kind, path }: FileChange, paint: Paint): string {
  return `${paint.red(kind.padEnd(8))} ${path}`;
}

/** `+ modules/service: data http`; `!` marks what reaches out of the plan. */
export function describeCapability(change: CapabilityChange, paint: Paint): string {
  const text = `${change.directory}: ${change.capability}`;
  if (isGrave(change)) return paint.red(`! ${text}`);
  return change.kind === 'gained' ? `+ ${text}` : paint.dim(`- ${text}`);
}

/** What to do about a finding. */
export const upgradeAdvice =
  'A module is not what was reviewed. If you changed nothing on purpose, remove .terraform/modules and run init again; if it is an\n' +
  'upgrade, read `npm run modules -- diff --root <directory>` and accept it with `npm run modules -- lock --root <directory>`.';

/** Compares what `init` installed with the project's lock; rejects when a byte differs. */
export async function checkModules(
  root: string,
  say: (line: string) => void,
  env: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  const verification = await verifyRoot(
    root,
    await readLock(join(import.meta.dirname, '../..', lockPath)),
    env,
  );
  const report = describeVerification({ ...verification, root: relative('', root) || '.' }, createPaint({}));
  if (verification.findings.length > 0) throw new Problem(report, upgradeAdvice);
  say(report);
}
