import { existsSync } from 'node:fs';
import { appendFile, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { add, lock, verify } from '../../../tools/checks/modules.ts';
import { run } from '../../../tools/lib/processes.ts';
import { parseRelease } from '../../../tools/lib/module-releases.ts';
import { terraformEnvironment, type TerraformEnvironment } from '../../../tools/lib/terraform/environment.ts';
import { describeWith, program } from '../../support/requirements.ts';
import { terraform } from '../../support/terraform.ts';
import {
  createClone,
  createRoot,
  createWorkplace,
  garden,
  gardenFiles,
  gardenSource,
  writeFiles,
  type Workplace,
} from './fixture.ts';

const tar = program('tar', 'install tar');

/** Two calls of one package: Terraform downloads it once and copies it for the second. */
const callers = `module "bed" {
  source  = "${gardenSource}//modules/bed"
  version = "1.0.0"
}

module "garden" {
  source  = "${gardenSource}"
  version = "1.0.0"
}
`;

/** What a program says, and its exit code, while this process serves the mirror. */
const said = async (program: string, args: readonly string[], env: NodeJS.ProcessEnv) => {
  const { code, stdout, stderr } = await run(program, args, { env });
  return { code, output: stdout + stderr };
};

describeWith([terraform, tar], 'terraform init against the served mirror', () => {
  let workplace: Workplace;
  let root: string;
  let environment: TerraformEnvironment;

  beforeEach(async () => {
    workplace = await createWorkplace();
    await add(workplace, garden, {
      clone: await createClone(join(workplace.directory, 'clone'), gardenFiles),
    });
    await lock(workplace, [await createRoot(join(workplace.directory, 'locked'), gardenFiles)]);
    workplace.lines.length = 0;
    root = await writeFiles(join(workplace.directory, 'root'), { 'main.tf': callers });
    environment = await terraformEnvironment({
      env: { ...process.env, TF_CLI_CONFIG_FILE: join(workplace.directory, 'missing.tfrc') },
      modulesDirectory: workplace.mirror.directory,
      registryAnswers: () => Promise.resolve(false),
    });
  });
  afterEach(async () => {
    await environment.stop();
    await workplace.remove();
  });

  const init = () =>
    said('terraform', [`-chdir=${root}`, 'init', '-input=false', '-no-color'], environment.env);

  test('the modules are installed without the registry, and are what the lock says', async () => {
    const { code, output } = await init();

    expect({ code, output }).toEqual({
      code: 0,
      output: expect.stringContaining('Terraform has been successfully initialized!') as unknown,
    });
    expect(output).not.toContain('CLI configuration');
    expect(await verify(workplace, [root])).toBe(0);
    expect(workplace.lines).toEqual(['ok   root: 2 installed packages, 10 files, each as the lock says']);
  });

  test('a byte that changed in the mirror after the lock was written is found after init', async () => {
    await appendFile(join((await workplace.mirror.find(parseRelease(garden))) ?? '', 'main.tf'), '#');

    const { code } = await init();

    expect(code).toBe(0);
    expect(await verify(workplace, [root])).toBe(1);
    expect(workplace.lines.slice(0, 5)).toEqual([
      'FAIL root',
      '  module "bed" (example/garden/local@1.0.0)',
      '    changed  main.tf',
      '  module "garden" (example/garden/local@1.0.0)',
      '    changed  main.tf',
    ]);
  });

  test('a module that the mirror has not got is an error of Terraform that names it', async () => {
    await rm(workplace.mirror.directory, { recursive: true });

    const { code, output } = await init();

    expect({ code, output }).toEqual({
      code: 1,
      output: expect.stringContaining(
        'Module "garden" (from main.tf:6) cannot be found in the module registry',
      ) as unknown,
    });
  });

  test('stop leaves no server and no configuration file behind', async () => {
    const file = environment.env['TF_CLI_CONFIG_FILE'] ?? '';
    const [url = ''] = /http:\/\/127\.0\.0\.1:\d+/.exec(await readFile(file, 'utf8')) ?? [];

    await environment.stop();

    expect(existsSync(file)).toBe(false);
    await expect(fetch(url)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
  });

  test("the project's terraform fails an init that installs a module the project's lock does not hold", async () => {
    const project = join(import.meta.dirname, '../../..');
    const wrapper = [join(project, 'tools/lib/terraform/main.ts')];

    const { code, output } = await said(
      process.execPath,
      [...wrapper, `-chdir=${root}`, 'init', '-input=false', '-no-color'],
      environment.env,
    );

    expect({ code, output }).toEqual({
      code: 1,
      output: expect.stringContaining('unlocked the release is not in the lock') as unknown,
    });
  });
});
