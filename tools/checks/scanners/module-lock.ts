import { checked, NotChecked, type Finding, type Gate } from '../finding.ts';
import { readLock } from '../../lib/modules/lock.ts';
import { createPaint } from '../../../app/src/commands/terminal.ts';
import { describeFile } from '../../lib/modules/report.ts';
import { formatRelease } from '../../lib/modules/module-address.ts';
import { verifyRoot } from '../../lib/modules/verification.ts';
import { join } from 'node:path';

const plain = createPaint({});

/** Compares every installed registry module with what was reviewed, byte by byte. */
export const moduleLock: Gate = {
  id: 'module-lock',
  title: 'registry modules that are not what was reviewed',
  run: async ({ root, initialised }) => {
    if (initialised.length === 0) throw new NotChecked('no module is installed: terraform init');
    const lock = await readLock(join(root, 'security', 'modules.lock.json'));
    const findings: Finding[] = [];
    let packages = 0;
    for (const directory of initialised) {
      const verification = await verifyRoot(directory, lock);
      packages += verification.packages;
      for (const { installed, reasons, files, capabilities } of verification.findings) {
        const said = [
          ...reasons,
          ...files.map((change) => describeFile(change, plain)),
          ...capabilities.map(
            ({ kind, directory: where, capability }) => `${kind} ${capability} in ${where}`,
          ),
        ];
        findings.push({
          rule: 'unreviewed-module',
          severity: 'critical',
          resource: formatRelease(installed.release),
          file: 'security/modules.lock.json',
          message: said.slice(0, 5).join('; '),
        });
      }
    }
    if (packages === 0) throw new NotChecked('no registry module is installed');
    return checked(`${packages} installed modules`, findings);
  },
};
