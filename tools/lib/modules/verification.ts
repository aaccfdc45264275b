import { compareCapabilities, compareFiles, type CapabilityChange, type FileChange } from './comparison.ts';
import { readTree, type TreeFile } from './file-tree.ts';
import { describeCapabilities, describeFiles, findLocked, type Lock, type LockedRelease } from './lock.ts';
import { readInstalledPackages, type InstalledPackage } from './manifest.ts';
import { Problem } from '../../../app/src/commands/problem.ts';

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
    const finding = { installed, ...(await compare(installed, tree, findLocked(lock, installed.release))) };
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
