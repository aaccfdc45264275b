import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { add, diff, lock } from '../../../tools/lib/module-commands.ts';
import {
  createClone,
  createRoot,
  createWorkplace,
  garden,
  gardenFiles,
  gardenSource,
  git,
  writeFiles,
  type Workplace,
} from './fixture.ts';

let workplace: Workplace;
let clone: string;

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
const upgrade = `${gardenSource}@1.1.0`;

beforeEach(async () => {
  workplace = await createWorkplace();
  clone = await createClone(join(workplace.directory, 'clone'), gardenFiles);
  await add(workplace, garden, { clone });
  workplace.lines.length = 0;
});
afterEach(() => workplace.remove());

async function release(files: Readonly<Record<string, string>>): Promise<void> {
  await writeFiles(clone, files);
  git(clone, 'add', '--all');
  git(clone, 'commit', '--quiet', '--allow-empty', '--message', 'The next release');
  git(clone, 'tag', 'v1.1.0');
  await add(workplace, upgrade, { clone });
  workplace.lines.length = 0;
}

async function readModules(): Promise<unknown> {
  const parsed = JSON.parse(await readFile(workplace.lockPath, 'utf8')) as { modules: unknown };
  return parsed.modules;
}

describe('lock', () => {
  test('a release is locked with its tree, what it can do, and each file', async () => {
    const code = await lock(workplace, [garden], [], false);

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

  test('the lock is the same from the mirror and from an initialised working directory', async () => {
    await lock(workplace, [garden], [], false);
    const fromMirror = await readFile(workplace.lockPath, 'utf8');
    const root = await createRoot(join(workplace.directory, 'root'), gardenFiles);

    await lock(workplace, [], [root], false);

    expect(await readFile(workplace.lockPath, 'utf8')).toBe(fromMirror);
  });

  test('an upgrade takes the place of the old version', async () => {
    await release(upgraded);
    await lock(workplace, [garden], [], false);

    await lock(workplace, [upgrade], [], false);

    expect(await readModules()).toEqual({
      'registry.terraform.io/example/garden/local': { '1.1.0': expect.anything() },
    });
  });

  test('an upgrade stands beside the old version when that is kept', async () => {
    await release(upgraded);
    await lock(workplace, [garden], [], false);

    await lock(workplace, [upgrade], [], true);

    expect(await readModules()).toEqual({
      'registry.terraform.io/example/garden/local': {
        '1.0.0': expect.anything(),
        '1.1.0': expect.anything(),
      },
    });
  });

  test('a release that the mirror has not got is an error that says how to add it', async () => {
    await expect(lock(workplace, [upgrade], [], false)).rejects.toMatchObject({
      exitCode: 1,
      message: expect.stringContaining('example/garden/local@1.1.0 is not in the mirror') as unknown,
      remedy: expect.stringContaining('npm run modules -- add') as unknown,
    });
  });

  test.each([
    'example/garden/local',
    'example/garden@1.0.0',
    'example/garden/local@latest',
    'example/garden/local//modules/bed@1.0.0',
    '../../x/y@1.0.0',
  ])('"%s" names no release and is misuse', async (name) => {
    await expect(lock(workplace, [name], [], false)).rejects.toMatchObject({
      exitCode: 2,
      message: `"${name}" names no module release`,
    });
  });
});

describe('diff', () => {
  test('an upgrade prints what it can do more and less, with what reaches out of the plan marked', async () => {
    await release(upgraded);
    await lock(workplace, [garden], [], false);
    workplace.lines.length = 0;

    const code = await diff(workplace, [upgrade], []);

    expect({ code, lines: workplace.lines }).toEqual({
      code: 1,
      lines: [
        'example/garden/local@1.1.0 (locked: 1.0.0): 2 files changed, 1 added, 0 removed',
        '  ! .: data http',
        '  ! .: module example/fence/local 2.0.0',
        '  ! modules/bed: provisioner local-exec on terraform_data.shrub',
        '  + modules/bed: resource random_pet',
      ],
    });
  });

  test('an upgrade that lost an ability says so', async () => {
    await release({ 'main.tf': 'terraform {\n  required_version = ">= 1.12"\n}\n' });
    await lock(workplace, [garden], [], false);
    workplace.lines.length = 0;

    await diff(workplace, [upgrade], []);

    expect(workplace.lines.slice(1)).toEqual([
      '  + .: terraform >= 1.12',
      '  - .: module ./modules/bed',
      '  - .: resource terraform_data',
      '  - .: terraform >= 1.11',
    ]);
  });

  test('an upgrade of words alone can do exactly what it could', async () => {
    await release({ 'README.md': '# The garden\n' });
    await lock(workplace, [garden], [], false);
    workplace.lines.length = 0;

    const code = await diff(workplace, [upgrade], []);

    expect({ code, lines: workplace.lines }).toEqual({
      code: 1,
      lines: [
        'example/garden/local@1.1.0 (locked: 1.0.0): 1 files changed, 0 added, 0 removed',
        '  can do exactly what it could',
      ],
    });
  });

  test('what the lock holds has no difference', async () => {
    await lock(workplace, [garden], [], false);
    workplace.lines.length = 0;

    const code = await diff(workplace, [garden], []);

    expect({ code, lines: workplace.lines }).toEqual({
      code: 0,
      lines: ['example/garden/local@1.0.0 (locked: 1.0.0): no difference'],
    });
  });

  test('a file that differs within one version is named', async () => {
    await lock(workplace, [garden], [], false);
    const root = await createRoot(join(workplace.directory, 'root'), {
      ...gardenFiles,
      'README.md': 'other',
    });
    workplace.lines.length = 0;

    const code = await diff(workplace, [], [root]);

    expect({ code, files: workplace.lines.slice(0, 2) }).toEqual({
      code: 1,
      files: [
        'example/garden/local@1.0.0 (locked: 1.0.0): 1 files changed, 0 added, 0 removed',
        '  changed  README.md',
      ],
    });
  });
});
