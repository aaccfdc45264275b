import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { diff, lock } from '../../../tools/checks/modules.ts';
import { createClone, createRoot, createWorkplace, gardenFiles, git, type Workplace } from './fixture.ts';

/** A later release that gained a data source, a provisioner and a module from elsewhere, and lost its flower. */
const upgraded = {
  ...gardenFiles,
  'main.tf': `${gardenFiles['main.tf']}
data "http" "weather" {
  url = "https://example.com"
}

module "fence" {
  source  = "example/fence/local"
  version = "2.0.0"
}
`,
  'modules/bed/main.tf': `resource "terraform_data" "shrub" {
  provisioner "local-exec" {
    command = "dig"
  }
}

resource "random_pet" "gnome" {}
`,
  'modules/bed/soil.txt': 'loam\n',
};
let workplace: Workplace;
let root: string;
beforeEach(async () => {
  workplace = await createWorkplace();
  root = await createRoot(join(workplace.directory, 'root'), gardenFiles);
  await lock(workplace, [root]);
  workplace.lines.length = 0;
});
afterEach(() => workplace.remove());

/** A working directory in which the next release is installed. */
const upgradedBy = (files: Readonly<Record<string, string>>): Promise<string> =>
  createRoot(join(workplace.directory, 'upgraded'), { ...gardenFiles, ...files }, '1.1.0');

async function readModules(): Promise<unknown> {
  const parsed = JSON.parse(await readFile(workplace.lockPath, 'utf8')) as { modules: unknown };
  return parsed.modules;
}

describe('lock', () => {
  test('a release is locked with its tree, what it can do, and each file', async () => {
    const clone = await createClone(join(workplace.directory, 'clone'), gardenFiles);

    const code = await lock(workplace, [root]);

    expect(code).toBe(0);
    const hash: unknown = expect.stringMatching(/^[0-9a-f]{64}$/);
    expect(await readModules()).toEqual({
      'registry.terraform.io/example/garden/local': {
        '1.0.0': {
          tree: git(clone, 'rev-parse', 'v1.0.0^{tree}'),
          capabilities: {
            '.': ['module ./modules/bed', 'resource terraform_data', 'terraform >= 1.11'],
            'modules/bed': ['resource terraform_data'],
          },
          files: Object.fromEntries(Object.keys(gardenFiles).map((path) => [path, hash])),
        },
      },
    });
  });

  test('an upgrade takes the place of the old version', async () => {
    await lock(workplace, [await upgradedBy(upgraded)]);

    expect(await readModules()).toEqual({
      'registry.terraform.io/example/garden/local': { '1.1.0': expect.anything() },
    });
  });

  test('two versions stand side by side where working directories use both', async () => {
    await lock(workplace, [root, await upgradedBy(upgraded)]);

    expect(await readModules()).toEqual({
      'registry.terraform.io/example/garden/local': {
        '1.0.0': expect.anything(),
        '1.1.0': expect.anything(),
      },
    });
  });
});

describe('diff', () => {
  test.each([
    [
      'prints what it can do more and less, with what reaches out of the plan marked',
      upgraded,
      '2 files changed, 1 added, 0 removed',
      [
        '  ! .: data http',
        '  ! .: module example/fence/local 2.0.0',
        '  ! modules/bed: provisioner local-exec on terraform_data.shrub',
        '  + modules/bed: resource random_pet',
      ],
    ],
    [
      'that lost an ability says so',
      { 'main.tf': 'terraform {\n  required_version = ">= 1.12"\n}\n' },
      '1 files changed, 0 added, 0 removed',
      [
        '  + .: terraform >= 1.12',
        '  - .: module ./modules/bed',
        '  - .: resource terraform_data',
        '  - .: terraform >= 1.11',
      ],
    ],
    [
      'of words alone can do exactly what it could',
      { 'README.md': '# The garden\n' },
      '1 files changed, 0 added, 0 removed',
      ['  can do exactly what it could'],
    ],
  ])('an upgrade %s', async (_what, files, changed, abilities) => {
    const code = await diff(workplace, [await upgradedBy(files)]);

    expect({ code, lines: workplace.lines }).toEqual({
      code: 1,
      lines: [`example/garden/local@1.1.0 (locked: 1.0.0): ${changed}`, ...abilities],
    });
  });

  test('what the lock holds has no difference', async () => {
    const code = await diff(workplace, [root]);

    expect({ code, lines: workplace.lines }).toEqual({
      code: 0,
      lines: ['example/garden/local@1.0.0 (locked: 1.0.0): no difference'],
    });
  });

  test('a file that differs within one version is named', async () => {
    await createRoot(root, { ...gardenFiles, 'README.md': 'other' });

    const code = await diff(workplace, [root]);

    expect({ code, files: workplace.lines.slice(0, 2) }).toEqual({
      code: 1,
      files: [
        'example/garden/local@1.0.0 (locked: 1.0.0): 1 files changed, 0 added, 0 removed',
        '  changed  README.md',
      ],
    });
  });
});
