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

/** The module of the fixture as Terraform records it. */
const garden = (Dir: string, below = ''): Record<string, string> => ({
  Key: 'garden',
  Source: `registry.terraform.io/example/garden/local${below}`,
  Version: '1.0.0',
  Dir,
});

describe('verify', () => {
  test('modules that are what the lock says pass, and what was compared is counted', async () => {
    const code = await verify(workplace, [root]);

    expect({ code, lines: workplace.lines }).toEqual({
      code: 0,
      lines: ['ok   root: 1 installed packages, 6 files, each as the lock says'],
    });
  });

  const edit = (files: Readonly<Record<string, string>>) => () => writeFiles(installed, files);
  test.each<[string, () => Promise<unknown>, ...unknown[]]>([
    ['a changed byte', edit({ 'README.md': '# A gardeN\n' }), '    changed  README.md'],
    [
      'an added local-exec, with the new ability',
      edit({
        'modules/bed/main.tf': gardenFiles['modules/bed/main.tf'].replace(
          '\n}',
          '\n  provisioner "local-exec" {\n    command = "id"\n  }\n}',
        ),
      }),
      '    changed  modules/bed/main.tf',
      '    ! modules/bed: provisioner local-exec on terraform_data.flower',
    ],
    [
      'an added file',
      edit({ 'override.tf': 'data "http" "x" {\n  url = "https://example.com"\n}\n' }),
      '    added    override.tf',
      '    ! .: data http',
    ],
    ['a removed file', () => rm(join(installed, 'README.md')), '    removed  README.md'],
    ['one missing dot file', () => rm(join(installed, '.editorconfig')), '    removed  .editorconfig'],
    ['a file made executable', () => chmod(join(installed, 'README.md'), 0o755), '    changed  README.md'],
    [
      'a file that became a link out of the module',
      () =>
        rm(join(installed, 'README.md')).then(() => symlink('/etc/hostname', join(installed, 'README.md'))),
      '    unlocked README.md is a link to /etc/hostname, outside of the module',
      '    changed  README.md',
    ],
    [
      'a module that can no longer be parsed, with both reasons',
      edit({ 'main.tf': 'resource {{{' }),
      expect.stringMatching(/unlocked what main\.tf can do can't be told/),
      '    changed  main.tf',
    ],
    [
      'any module where there is no lock',
      () => rm(workplace.lockPath),
      '    unlocked the release is not in the lock',
    ],
    [
      'a directory of the module whose abilities are not in the lock',
      () => writeManifest(root, [garden('.terraform/modules/garden/examples/shed', '//examples/shed')]),
      '    unlocked what examples/shed can do is not in the lock',
    ],
    [
      'files that can do more than the lock claims',
      async () => {
        const text = await readFile(workplace.lockPath, 'utf8');
        await writeFile(workplace.lockPath, text.replace('"resource terraform_data",', ''));
      },
      '    + .: resource terraform_data',
    ],
  ])('%s fails', async (_what, make, ...lines) => {
    await make();

    const code = await verify(workplace, [root]);

    expect({ code, lines: workplace.lines.slice(0, -2) }).toEqual({
      code: 1,
      lines: ['FAIL root', '  module "garden" (example/garden/local@1.0.0)', ...lines],
    });
  });

  test('a release that nobody locked fails', async () => {
    const other = await createRoot(join(workplace.directory, 'other'), gardenFiles, '1.0.1');

    expect(await verify(workplace, [other])).toBe(1);
    expect(workplace.lines.slice(0, -2)).toEqual([
      'FAIL other',
      '  module "garden" (example/garden/local@1.0.1)',
      '    unlocked the release is not in the lock',
    ]);
  });

  test("Terraform's copy without dot files passes beside the whole one", async () => {
    await createRootWithCopy(root, gardenFiles);

    const code = await verify(workplace, [root]);

    expect({ code, lines: workplace.lines }).toEqual({
      code: 0,
      lines: ['ok   root: 2 installed packages, 10 files, each as the lock says'],
    });
  });

  test.each([
    [
      'from git, which nothing locks',
      { ...garden('.terraform/modules/garden'), Source: 'git::https://example.com/garden.git' },
    ],
    ['that is recorded elsewhere than Terraform installs it', garden('../garden')],
  ])('a module %s fails', async (_what, recorded) => {
    await writeManifest(root, [recorded]);

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
