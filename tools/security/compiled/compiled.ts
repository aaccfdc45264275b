import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isExpired, type Exception } from '../exceptions.ts';
import type { Verdict } from '../verdict.ts';
import { checkovBaselines } from './checkov.ts';
import { gitleaksFingerprints } from './gitleaks.ts';
import { hadolintConfiguration } from './hadolint.ts';
import { tflintConfigurations } from './tflint.ts';
import { trivyPolicies, trivySecretsFile } from './trivy.ts';

/** Texts by file name. */
export type Files = Readonly<Record<string, string>>;

/**
 * The exceptions in each scanner's own format, so that a scanner run by hand with its file says what its gate says. npm
 * has no such format, and our own gates need none. What has expired is in none of them.
 */
export function compileExceptions(exceptions: readonly Exception[], verdict: Verdict, today: Date): Files {
  const valid = exceptions.filter((exception) => !isExpired(exception, today));
  return {
    ...checkovBaselines(verdict.gates),
    ...trivyPolicies(valid),
    ...trivySecretsFile(verdict.gates),
    ...gitleaksFingerprints(verdict.gates),
    ...hadolintConfiguration(valid),
    ...tflintConfigurations(valid),
  };
}

/** Replaces what an earlier run left in the folder. */
export async function writeFiles(folder: string, files: Files): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(folder, name), text)));
}
