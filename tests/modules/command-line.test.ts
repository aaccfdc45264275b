import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createRoot, createWorkplace, gardenFiles, writeFiles, type Workplace } from './fixture.ts';

const project = join(import.meta.dirname, '../..');
let workplace: Workplace;
beforeEach(async () => {
  workplace = await createWorkplace();
});
afterEach(() => workplace.remove());

function modules(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const tsx = join(project, 'node_modules/tsx/dist/cli.mjs');
  const options = ['--dir', workplace.mirror.directory, '--lock', workplace.lockPath];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [tsx, join(project, 'tools/modules/main.ts'), ...options, ...args],
    {
      cwd: workplace.directory,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOME: workplace.directory },
    },
  );
  return { status, stdout, stderr };
}

describe('npm run modules', () => {
  test('a module is locked, verified, tampered with and refused, in the words of the command line', async () => {
    const root = await createRoot(join(workplace.directory, 'root'), gardenFiles);

    const locked = modules('lock');
    const verified = modules('verify');
    await writeFiles(join(root, '.terraform/modules/garden'), {
      'main.tf': 'resource "terraform_data" "tree" {}\n',
    });
    const refused = modules('verify');

    expect([locked.status, verified, refused]).toEqual([
      0,
      { status: 0, stdout: 'ok   root: 1 installed packages, 6 files, each as the lock says\n', stderr: '' },
      {
        status: 1,
        stdout: expect.stringContaining('    changed  main.tf\n    - .: module ./modules/bed\n') as unknown,
        stderr: '',
      },
    ]);
  });

  test.each(['add', 'list', 'serve', 'config', 'lock', 'verify', 'diff'])(
    '%s --help says what it does',
    (verb) => {
      expect(modules(verb, '--help')).toEqual({
        status: 0,
        stdout: expect.stringMatching(`^Usage: modules ${verb} `) as unknown,
        stderr: '',
      });
    },
  );

  test.each([
    ['without a verb', [], 'Usage: modules'],
    ['with an unknown verb', ['frobnicate'], "error: unknown command 'frobnicate'"],
    ['with a port that is none', ['serve', '--port', '70000'], 'a port is a whole number from 0 to 65535'],
    ['with nothing to verify', ['verify'], 'run `terraform init` first'],
    ['with a release that is none', ['lock', 'garden'], 'write it as namespace/name/provider@version'],
  ])('%s it ends with 2 and says why', (_case, args, message) => {
    expect(modules(...args)).toEqual({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining(message) as unknown,
    });
  });
});
