import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { add } from '../../../tools/checks/modules.ts';
import {
  findProviderMirrors,
  renderCliConfiguration,
  terraformEnvironment,
  type TerraformEnvironment,
} from '../../../tools/lib/terraform/environment.ts';
import { createClone, createWorkplace, garden, gardenFiles, writeFiles, type Workplace } from './fixture.ts';

const platform = `${process.platform}_${process.arch === 'x64' ? 'amd64' : process.arch}`;
const unpacked = `registry.terraform.io/example/paint/1.0.0/${platform}/terraform-provider-paint_v1.0.0`;
const packed = `registry.terraform.io/example/brush/terraform-provider-brush_1.0.0_${platform}.zip`;
const foreign = 'registry.terraform.io/example/other/1.0.0/plan9_mips/terraform-provider-other_v1.0.0';

let workplace: Workplace;
let environment: TerraformEnvironment | undefined;
beforeEach(async () => {
  workplace = await createWorkplace();
});
afterEach(async () => {
  await environment?.stop();
  environment = undefined;
  await workplace.remove();
});

async function start(given: NodeJS.ProcessEnv, answers = false): Promise<NodeJS.ProcessEnv> {
  environment = await terraformEnvironment({
    env: { HOME: workplace.directory, XDG_DATA_HOME: workplace.directory, ...given },
    modulesDirectory: workplace.mirror.directory,
    registryAnswers: () => Promise.resolve(answers),
  });
  return environment.env;
}

const read = (env: NodeJS.ProcessEnv): Promise<string> => readFile(env['TF_CLI_CONFIG_FILE'] ?? '', 'utf8');

describe('the environment of terraform', () => {
  test('where the registry answers, nothing is mirrored, and providers are cached', async () => {
    const env = await start({ TF_CLI_CONFIG_FILE: join(workplace.directory, 'missing.tfrc') }, true);

    expect(env).toEqual({
      HOME: workplace.directory,
      XDG_DATA_HOME: workplace.directory,
      GOGC: '400',
      CHECKPOINT_DISABLE: '1',
      TF_PLUGIN_CACHE_DIR: expect.stringMatching(/movies-api\/providers$/) as unknown,
    });
  });

  test('a plugin cache that the caller chose is kept', async () => {
    const cache = join(workplace.directory, 'own-cache');

    const env = await start({ TF_PLUGIN_CACHE_DIR: cache }, true);

    expect(env['TF_PLUGIN_CACHE_DIR']).toBe(cache);
  });

  test('how often Go collects garbage is the caller’s to say', async () => {
    const env = await start({ GOGC: '100' }, true);

    expect(env['GOGC']).toBe('100');
  });

  test('without the registry, its host is the module mirror', async () => {
    await add(workplace, garden, {
      clone: await createClone(join(workplace.directory, 'clone'), gardenFiles),
    });

    const env = await start({});

    expect(await read(env)).toMatch(
      /host "registry\.terraform\.io" \{\n {2}services = \{\n {4}"modules\.v1" {3}= "http:\/\/127\.0\.0\.1:\d+\/v1\/modules\/"/,
    );
  });

  test('without the registry, a plugin cache is a mirror and no longer a cache', async () => {
    const cache = join(workplace.directory, 'plugin-cache');
    await writeFiles(cache, { [unpacked]: '' });

    const env = await start({ TF_PLUGIN_CACHE_DIR: cache });

    expect(env['TF_PLUGIN_CACHE_DIR']).toBeUndefined();
    expect(await read(env)).toContain(
      `path    = "${cache}"\n    include = ["registry.terraform.io/example/paint"]`,
    );
  });

  test("the caller's own settings stay, and what they settle is not settled again", async () => {
    await add(workplace, garden, {
      clone: await createClone(join(workplace.directory, 'clone'), gardenFiles),
    });
    const own =
      'provider_installation {\n  direct {}\n}\nhost "registry.terraform.io" {\n  services = {}\n}\n';
    await writeFiles(workplace.directory, { 'own.tfrc': own });

    const env = await start({ TF_CLI_CONFIG_FILE: join(workplace.directory, 'own.tfrc') });

    expect((await read(env)).trim()).toBe(own.trim());
  });

  test("the caller's ~/.terraformrc is taken into account too", async () => {
    await writeFiles(workplace.directory, { '.terraformrc': 'disable_checkpoint = true\n' });

    const env = await start({});

    expect(await read(env)).toContain('disable_checkpoint = true');
  });
});

describe('the search for provider mirrors', () => {
  test('mirrors are found one and two levels down, packed and unpacked, and only for this platform', async () => {
    await writeFiles(workplace.directory, {
      [`a/${unpacked}`]: '',
      [`b/c/${packed}`]: '',
      [`d/${foreign}`]: '',
      [`e/f/g/${unpacked}`]: '',
      'h/registry.terraform.io': 'a file',
    });

    const found = await findProviderMirrors(
      {},
      { mirrors: [], search: [{ root: workplace.directory, levels: 2 }] },
    );

    expect(found).toEqual([
      { directory: join(workplace.directory, 'a'), providers: ['registry.terraform.io/example/paint'] },
      { directory: join(workplace.directory, 'b/c'), providers: ['registry.terraform.io/example/brush'] },
    ]);
  });

  test('a place that does not exist holds nothing', async () => {
    const nowhere = join(workplace.directory, 'nowhere');

    expect(
      await findProviderMirrors({}, { mirrors: [nowhere], search: [{ root: nowhere, levels: 2 }] }),
    ).toEqual([]);
  });
});

describe('the configuration', () => {
  test('providers of a mirror are never looked for elsewhere', () => {
    const text = renderCliConfiguration({
      providerMirrors: [{ directory: '/a mirror', providers: ['registry.terraform.io/example/paint'] }],
    });

    expect(text).toBe(`provider_installation {
  filesystem_mirror {
    path    = "/a mirror"
    include = ["registry.terraform.io/example/paint"]
  }
  direct {
    exclude = ["registry.terraform.io/example/paint"]
  }
}
`);
  });
});
