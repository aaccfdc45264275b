import { execFileSync } from 'node:child_process';

/** Something that a machine may lack. `missing` says what and how to get it, or nothing when it is there. */
export interface Requirement {
  readonly name: string;
  readonly missing: () => string | undefined;
}

/** A program on the PATH (or at a path). */
export function program(
  name: string,
  remedy: string,
  versionArgs: readonly string[] = ['--version'],
): Requirement {
  return {
    name,
    missing: () => {
      try {
        execFileSync(name, versionArgs, { stdio: 'ignore' });
        return undefined;
      } catch {
        return `${name} is not installed: ${remedy}`;
      }
    },
  };
}

/** Whether `make test-all` asks for the slow proofs, too. */
export const isTestAll = process.env['DRILLS'] === 'all';

/** Whether only what needs nothing but Node.js is asked for (`make test-fast`). */
const isTestFast = process.env['TESTS'] === 'fast';

/**
 * `describeWith` for what takes so long that `make test-all` alone runs it. Elsewhere the reporter lists it as left to that:
 * the machine lacks nothing, so it is no skip, and STRICT=1 has nothing to say.
 */
export function describeInTestAll(
  requirements: readonly Requirement[],
  name: string,
  scenarios: () => void,
): void {
  if (isTestAll) describeWith(requirements, name, scenarios);
  else describe.skip(`${name} [left to make test-all]`, scenarios);
}

/**
 * `describe` where the machine has all that is required. Elsewhere the scenarios are skipped and the reporter counts
 * them with the reason; with STRICT=1 each missing requirement is a failure instead. `make test-fast` asks for nothing: what
 * requires anything is listed as left to `make test`.
 */
export function describeWith(
  requirements: readonly Requirement[],
  name: string,
  scenarios: () => void,
): void {
  if (isTestFast && requirements.length > 0) {
    describe.skip(`${name} [left to make test]`, scenarios);
    return;
  }
  const reasons = requirements
    .map((requirement) => requirement.missing())
    .filter((reason) => reason !== undefined);
  if (reasons.length === 0) {
    describe(name, scenarios);
    return;
  }
  const reason = reasons.join('; ');
  if (process.env['STRICT'] === '1') {
    test(`${name} can be checked here`, () => {
      throw new Error(`STRICT=1 allows no skip: ${reason}`);
    });
    return;
  }
  describe.skip(`${name} [skipped: ${reason}]`, scenarios);
}
