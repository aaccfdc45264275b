import type { Paint } from '../../../app/src/commands/terminal.ts';
import { isGrave, type CapabilityChange, type FileChange, type Finding, type Verification } from './lock.ts';
import { formatRelease } from './releases.ts';

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
