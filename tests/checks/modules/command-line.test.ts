import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createRoot, createWorkplace, gardenFiles, writeFiles, type Workplace } from './fixture.ts';

const program = join(import.meta.dirname, '../../../tools/checks/modules.ts');
let workplace: Workplace;
beforeEach(async () => {
  workplace = await createWorkplace();
});
afterEach(() => workplace.remove());

function modules(...args: string[]): { code: number | null; stdout: string; stderr: string } {
  const { directory, mirror, lockPath } = workplace;
  const options = ['--dir', mirror.directory, '--lock', lockPath];
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...options, ...args], {
    cwd: directory,
    encoding: 'utf8',
  });
  return { code: status, stdout, stderr };
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

    expect([locked.code, verified, refused]).toEqual([
      0,
      { code: 0, stdout: 'ok   root: 1 installed packages, 6 files, each as the lock says\n', stderr: '' },
      {
        code: 1,
        stdout: expect.stringContaining('    changed  main.tf\n    - .: module ./modules/bed\n') as unknown,
        stderr: '',
      },
    ]);
  });

  test.each(['add', 'lock', 'verify', 'diff'])('%s --help says what it does', (verb) => {
    expect(modules(verb, '--help')).toEqual({
      code: 0,
      stdout: expect.stringMatching(`^Usage: npm run modules -- ${verb} `) as unknown,
      stderr: '',
    });
  });

  test.each([
    ['without a verb', [], 'Usage: npm run modules'],
    ['with an unknown verb', ['frobnicate'], "error: unknown command 'frobnicate'"],
    ['with nothing to verify', ['verify'], 'run `terraform init` first'],
  ])('%s it ends with 2 and says why', (_case, args, message) => {
    expect(modules(...args)).toEqual({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining(message) as unknown,
    });
  });
});
