import { Problem } from '../../../app/src/commands/problem.ts';
import { createPaint } from '../../../app/src/commands/terminal.ts';
import { lockPath, readLock, verifyRoot } from '../modules/lock.ts';
import { describeVerification } from '../modules/report.ts';

/** Compares the modules that `init` installed with the reviewed lock; rejects when a byte differs. */
export async function checkModules(root: string, say: (line: string) => void): Promise<void> {
  const verification = await verifyRoot(root, await readLock(lockPath));
  const report = describeVerification({ ...verification, root: 'registry modules' }, createPaint({}));
  if (verification.findings.length > 0) {
    throw new Problem(
      report,
      'A module is not what was reviewed: see `npm run modules -- diff --help`. Nothing was planned.',
    );
  }
  say(report);
}
