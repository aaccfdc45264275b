import type { CapabilitiesByDirectory } from './capabilities.ts';
import type { LockedRelease } from './lock.ts';

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
