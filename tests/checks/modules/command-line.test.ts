import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { runCommandLine } from '../../../tools/lib/module-commands.ts';
import { createRoot, createWorkplace, gardenFiles, writeFiles, type Workplace } from './fixture.ts';

const project = join(import.meta.dirname, '../../..');
let workplace: Workplace;
beforeEach(async () => {
  workplace = await createWorkplace();
});
afterEach(() => workplace.remove());

interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const options = (): string[] => ['--dir', workplace.mirror.directory, '--lock', workplace.lockPath];

async function modules(...args: string[]): Promise<Result> {
  const written = { stdout: '', stderr: '' };
  const code = await runCommandLine([...options(), ...args], {
    directory: workplace.directory,
    isColoured: false,
    out: (text) => (written.stdout += text),
    error: (text) => (written.stderr += text),
  });
  return { code, ...written };
}

describe('npm run modules', () => {
  test('a module is locked, verified, tampered with and refused, in the words of the command line', async () => {
    const root = await createRoot(join(workplace.directory, 'root'), gardenFiles);

    const locked = await modules('lock');
    const verified = await modules('verify');
    await writeFiles(join(root, '.terraform/modules/garden'), {
      'main.tf': 'resource "terraform_data" "tree" {}\n',
    });
    const refused = await modules('verify');

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

  test.each(['add', 'list', 'serve', 'config', 'lock', 'verify', 'diff'])(
    '%s --help says what it does',
    async (verb) => {
      expect(await modules(verb, '--help')).toEqual({
        code: 0,
        stdout: expect.stringMatching(`^Usage: modules ${verb} `) as unknown,
        stderr: '',
      });
    },
  );

  test.each([
    ['without a verb', [], 'Usage: modules'],
    ['with an unknown verb', ['frobnicate'], "error: unknown command 'frobnicate'"],
    ['with a port that is none', ['serve', '--port', '70000'], 'It must be a whole number from 0 to 65535.'],
    ['with nothing to verify', ['verify'], 'run `terraform init` first'],
    ['with a release that is none', ['lock', 'garden'], 'write it as namespace/name/provider@version'],
  ])('%s it ends with 2 and says why', async (_case, args, message) => {
    expect(await modules(...args)).toEqual({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining(message) as unknown,
    });
  });

  test('the process ends with the exit code, and writes no colours where nobody sees them', async () => {
    const root = await createRoot(join(workplace.directory, 'root'), gardenFiles);
    const main = [join(project, 'tools/checks/modules.ts')];

    const { status, stdout, stderr } = spawnSync(process.execPath, [...main, ...options(), 'verify', root], {
      encoding: 'utf8',
    });

    expect({ status, stdout, stderr }).toEqual({
      status: 1,
      stdout: expect.stringMatching(/^FAIL \S+root\n/) as unknown,
      stderr: '',
    });
  });
});
