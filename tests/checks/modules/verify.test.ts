import { chmod, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { lock, verify } from '../../../tools/checks/modules.ts';
import {
  createRoot,
  createRootWithCopy,
  createWorkplace,
  gardenFiles,
  writeFiles,
  writeManifest,
  type Workplace,
} from './fixture.ts';

let workplace: Workplace;
let root: string;
let installed: string;

beforeEach(async () => {
  workplace = await createWorkplace();
  root = await createRoot(join(workplace.directory, 'root'), gardenFiles);
  installed = join(root, '.terraform', 'modules', 'garden');
  await lock(workplace, [root]);
  workplace.lines.length = 0;
});
afterEach(() => workplace.remove());

const failure = (...lines: unknown[]): unknown[] => [
  'FAIL root',
  '  module "garden" (example/garden/local@1.0.0)',
  ...lines,
];
const withoutAdvice = (): string[] => workplace.lines.slice(0, -2);

describe('verify', () => {
  test('modules that are what the lock says pass, and what was compared is counted', async () => {
    const code = await verify(workplace, [root]);

    expect({ code, lines: workplace.lines }).toEqual({
      code: 0,
      lines: ['ok   root: 1 installed packages, 6 files, each as the lock says'],
    });
  });

  test('one changed byte fails with the name of the file', async () => {
    await writeFiles(installed, { 'README.md': '# A gardeN\n' });

    const code = await verify(workplace, [root]);

    expect({ code, lines: withoutAdvice() }).toEqual({ code: 1, lines: failure('    changed  README.md') });
  });

  test('an added local-exec fails with the file and the new ability', async () => {
    const main = gardenFiles['modules/bed/main.tf'].replace(
      '\n}',
      '\n  provisioner "local-exec" {\n    command = "id"\n  }\n}',
    );
    await writeFiles(installed, { 'modules/bed/main.tf': main });

    const code = await verify(workplace, [root]);

    expect({ code, lines: withoutAdvice() }).toEqual({
      code: 1,
      lines: failure(
        '    changed  modules/bed/main.tf',
        '    ! modules/bed: provisioner local-exec on terraform_data.flower',
      ),
    });
  });

  test('an added file fails', async () => {
    await writeFiles(installed, { 'override.tf': 'data "http" "x" {\n  url = "https://example.com"\n}\n' });

    const code = await verify(workplace, [root]);

    expect({ code, lines: withoutAdvice() }).toEqual({
      code: 1,
      lines: failure('    added    override.tf', '    ! .: data http'),
    });
  });

  test('a removed file fails', async () => {
    await rm(join(installed, 'README.md'));

    const code = await verify(workplace, [root]);

    expect({ code, lines: withoutAdvice() }).toEqual({ code: 1, lines: failure('    removed  README.md') });
  });

  test('a file that became executable fails', async () => {
    await chmod(join(installed, 'README.md'), 0o755);

    const code = await verify(workplace, [root]);

    expect({ code, lines: withoutAdvice() }).toEqual({ code: 1, lines: failure('    changed  README.md') });
  });

  test('a file that became a link out of the module fails', async () => {
    await rm(join(installed, 'README.md'));
    await symlink('/etc/hostname', join(installed, 'README.md'));

    const code = await verify(workplace, [root]);

    expect({ code, lines: withoutAdvice() }).toEqual({
      code: 1,
      lines: failure(
        '    unlocked README.md is a link to /etc/hostname, outside of the module',
        '    changed  README.md',
      ),
    });
  });

  test('a module that can no longer be parsed fails with both reasons', async () => {
    await writeFiles(installed, { 'main.tf': 'resource {{{' });

    const code = await verify(workplace, [root]);

    expect({ code, lines: withoutAdvice() }).toEqual({
      code: 1,
      lines: failure(
        expect.stringMatching(/unlocked what main\.tf can do can't be told/),
        '    changed  main.tf',
      ),
    });
  });

  test('a release that nobody locked fails', async () => {
    const other = await createRoot(join(workplace.directory, 'other'), gardenFiles, '1.0.1');

    const code = await verify(workplace, [other]);

    expect({ code, lines: withoutAdvice() }).toEqual({
      code: 1,
      lines: [
        'FAIL other',
        '  module "garden" (example/garden/local@1.0.1)',
        '    unlocked the release is not in the lock',
      ],
    });
  });

  test('with no lock at all nothing is locked', async () => {
    await rm(workplace.lockPath);

    const code = await verify(workplace, [root]);

    expect({ code, lines: withoutAdvice() }).toEqual({
      code: 1,
      lines: failure('    unlocked the release is not in the lock'),
    });
  });

  test('a directory of the module whose abilities are not in the lock fails', async () => {
    await writeManifest(root, [
      {
        Key: 'garden',
        Source: 'registry.terraform.io/example/garden/local//examples/shed',
        Version: '1.0.0',
        Dir: '.terraform/modules/garden/examples/shed',
      },
    ]);

    const code = await verify(workplace, [root]);

    expect({ code, lines: withoutAdvice() }).toEqual({
      code: 1,
      lines: failure('    unlocked what examples/shed can do is not in the lock'),
    });
  });

  test('a lock that claims less than the files can do fails', async () => {
    const text = await readFile(workplace.lockPath, 'utf8');
    await writeFile(workplace.lockPath, text.replace('"resource terraform_data",', ''));

    const code = await verify(workplace, [root]);

    expect({ code, lines: withoutAdvice() }).toEqual({
      code: 1,
      lines: failure('    + .: resource terraform_data'),
    });
  });

  test("Terraform's copy without dot files passes beside the whole one", async () => {
    await createRootWithCopy(root, gardenFiles);

    const code = await verify(workplace, [root]);

    expect({ code, lines: workplace.lines }).toEqual({
      code: 0,
      lines: ['ok   root: 2 installed packages, 10 files, each as the lock says'],
    });
  });

  test('one missing dot file among others fails', async () => {
    await rm(join(installed, '.editorconfig'));

    const code = await verify(workplace, [root]);

    expect({ code, lines: withoutAdvice() }).toEqual({
      code: 1,
      lines: failure('    removed  .editorconfig'),
    });
  });

  test('a module from git fails, since nothing locks it', async () => {
    await writeManifest(root, [
      { Key: 'garden', Source: 'git::https://example.com/garden.git', Dir: '.terraform/modules/garden' },
    ]);

    await expect(verify(workplace, [root])).rejects.toThrow(
      'neither a registry module that Terraform installed nor a module of this repository',
    );
  });

  test('a registry module that is recorded elsewhere than Terraform installs it fails', async () => {
    await writeManifest(root, [
      {
        Key: 'garden',
        Source: 'registry.terraform.io/example/garden/local',
        Version: '1.0.0',
        Dir: '../garden',
      },
    ]);

    await expect(verify(workplace, [root])).rejects.toThrow(
      'neither a registry module that Terraform installed nor a module of this repository',
    );
  });

  test('every initialised directory of the project is verified when none is named', async () => {
    await createRoot(join(workplace.directory, 'second', 'deep'), gardenFiles);

    const code = await verify(workplace, []);

    expect({ code, roots: workplace.lines.map((line) => line.split(':')[0]) }).toEqual({
      code: 0,
      roots: ['ok   root', 'ok   second/deep'],
    });
  });

  test('a project without an initialised directory is misuse, never a pass', async () => {
    await rm(root, { recursive: true });

    await expect(verify(workplace, [])).rejects.toMatchObject({
      exitCode: 2,
      message: 'no initialised working directory is here: nothing was verified',
    });
  });

  test('a directory that was not initialised is misuse', async () => {
    await expect(verify(workplace, [workplace.directory])).rejects.toMatchObject({ exitCode: 2 });
  });

  test.each([
    '{',
    '{"lockVersion":2,"modules":{}}',
    '{"lockVersion":1,"modules":{"a":{"1.0.0":{"tree":"x"}}}}',
  ])('a damaged lock (%s) is an error', async (text) => {
    await writeFile(workplace.lockPath, text);

    await expect(verify(workplace, [root])).rejects.toMatchObject({
      exitCode: 1,
      message: expect.stringContaining('modules.lock.json'),
    });
  });
});
