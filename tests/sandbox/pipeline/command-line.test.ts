import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { bundled } from '../../support/bundled.ts';

const project = resolve(import.meta.dirname, '../../..');
const run = (...args: string[]): { status: number | null; output: string } => {
  const program = [bundled('tools/sandbox/pipeline/main.ts'), ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, program, { cwd: project, encoding: 'utf8' });
  return { status, output: `${stdout}${stderr}` };
};

test('a scenario that is not there is misuse, and those that are there are named', () => {
  expect(run('--only', 'nonsense')).toEqual({
    status: 2,
    output: expect.stringContaining(
      'good, changed-plan, drift, rescan, by-hand, bad-release, type-error, secret',
    ),
  });
});
