import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { edited, project } from './mistakes.ts';

const copied = ['app', 'tests/app/api', 'tests/support', 'tools/lib', 'package.json', 'tsconfig.json'];
const shared = ['node_modules', '.cache/test-keys'];
const suite = 'tests/app/api/authentication.test.ts';

/** Runs the suite in a copy of the service. */
async function runInCopy(app: string): Promise<{ failed: boolean; output: string }> {
  const copy = await mkdtemp(join(tmpdir(), 'middleware-'));
  try {
    for (const part of copied) await cp(join(project, part), join(copy, part), { recursive: true });
    await mkdir(join(copy, '.cache'));
    for (const part of shared) {
      await mkdir(join(project, part), { recursive: true });
      await symlink(join(project, part), join(copy, part));
    }
    await writeFile(join(copy, 'app', 'src', 'app.ts'), app);
    return await new Promise((done) => {
      const args = [
        '--experimental-vm-modules',
        '--min-semi-space-size=16',
        'node_modules/jest/bin/jest.js',
        suite,
        '--reporters=default',
      ];
      execFile('node', args, { cwd: copy }, (error, stdout, stderr) => {
        done({ failed: error !== null, output: `${stdout}${stderr}` });
      });
    });
  } finally {
    await rm(copy, { recursive: true });
  }
}

test.each([
  [
    'authentication dropped from the chain',
    /authenticate\(tokens\)/,
    "letEveryoneIn(['movies/read', 'movies/write'])",
  ],
  ['authorisation dropped from the chain', /^ {4}authorize,\n/m, ''],
])(
  'the tests of authentication stop %s',
  async (_mistake, from, to) => {
    const { failed, output } = await runInCopy(edited('app/src/app.ts', from, to));

    expect(failed).toBe(true);
    // Those that the mistake doesn't concern pass: it is what fails, not the copy.
    expect(output).toMatch(/Tests: +[1-9]\d* failed, [1-9]\d* passed/);
  },
  120_000,
);
