import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { freePort } from '../../app/src/local/listen.ts';
import { createRegistry, type Registry } from '../../tools/lib/registry.ts';
import { copyCollector } from '../../tools/release/push.ts';
import { eventually } from '../support/eventually.ts';
import { describeWith, program } from '../support/requirements.ts';

const crane = fileURLToPath(new URL('../../.cache/bin/crane', import.meta.url));

describeWith([program(crane, 'make .cache/bin/crane', ['version'])], 'a registry of images', () => {
  let folder: string;
  let served: ChildProcess;
  let registry: Registry;
  let repository: string;
  const archive = (name: string): string => join(folder, `${name}.tar`);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'registry-'));
    const port = await freePort();
    served = spawn(crane, ['registry', 'serve', '--address', `127.0.0.1:${port}`], { stdio: 'ignore' });
    repository = `127.0.0.1:${port}/movies-api`;
    for (const name of ['one', 'other']) {
      execFileSync('tar', [
        '-czf',
        join(folder, `${name}.layer`),
        '-C',
        folder,
        '--files-from',
        '/dev/null',
        `--label=${name}`,
      ]);
      const layer = ['--new_layer', join(folder, `${name}.layer`)];
      execFileSync(crane, [
        'append',
        '--oci-empty-base',
        ...layer,
        '-t',
        `movies-api:${name}`,
        '-o',
        archive(name),
      ]);
    }
    registry = createRegistry({ crane, repository, env: process.env });
    await eventually(() => registry.find('nothing'));
  });

  afterAll(async () => {
    served.kill();
    await once(served, 'exit');
    await rm(folder, { recursive: true });
  });

  test('an image that is pushed is found by its tag, as a digest', async () => {
    const image = await registry.push(archive('one'), 'candidate-1');

    expect(image).toMatch(new RegExp(`^${repository}@sha256:[0-9a-f]{64}$`));
    expect(await registry.find('candidate-1')).toBe(image);
    expect(await registry.find('candidate-2')).toBeUndefined();
  });

  test('an image comes back as an archive of the same content', async () => {
    const image = await registry.push(archive('one'), 'candidate-5');

    await registry.pull(image, archive('pulled'));

    expect(await registry.push(archive('pulled'), 'candidate-6')).toBe(image);
  });

  test('a tag is added to an image, again and again, and never moves', async () => {
    const image = await registry.push(archive('one'), 'candidate-3');
    const other = await registry.push(archive('other'), 'candidate-4');

    await registry.addTag(image, 'deployed-dev-3');
    await registry.addTag(image, 'deployed-dev-3');

    expect(await registry.find('deployed-dev-3')).toBe(image);
    await expect(registry.addTag(other, 'deployed-dev-3')).rejects.toThrow(
      `deployed-dev-3 stands for ${image} already.`,
    );
  });

  describe('the collector of the tasks', () => {
    let source: Registry;
    let project: string;
    const said: string[] = [];
    const copy = (env: NodeJS.ProcessEnv = {}): Promise<void> =>
      copyCollector({ project, env, say: (line) => said.push(line) }, registry, repository);
    /** Names what the other repository holds as `name`. Resolves with its digest. */
    const nameSource = async (name: string): Promise<string> => {
      const [from, digest = ''] = (await source.push(archive(name), 'v1')).split('@');
      await writeFile(join(project, 'app/collector/image.json'), JSON.stringify({ source: from, digest }));
      return digest;
    };

    beforeAll(async () => {
      project = join(folder, 'project');
      await mkdir(join(project, 'app/collector'), { recursive: true });
      source = createRegistry({ crane, repository: `${repository}-elsewhere`, env: process.env });
    });

    test('it is copied from another repository by digest, once', async () => {
      const digest = await nameSource('one');

      await copy();
      await writeFile(
        join(project, 'app/collector/image.json'),
        JSON.stringify({ source: '127.0.0.1:1/gone', digest }),
      );
      await copy();

      expect(await registry.find(`collector-${digest.slice('sha256:'.length)}`)).toBe(
        `${repository}@${digest}`,
      );
      expect(said).toEqual(Array(2).fill(`${repository}@${digest} (collector of each task)`));
    });

    test('a tag of it that stands for something else is refused', async () => {
      const digest = await nameSource('other');
      const wrong = await registry.push(archive('one'), `collector-${digest.slice('sha256:'.length)}`);

      await expect(copy()).rejects.toThrow(`stands for ${wrong}, not for ${digest}`);
    });

    test('one that is not where it should be is named', async () => {
      const digest = `sha256:${'1'.repeat(64)}`;
      const from = `${repository}-elsewhere`;
      await writeFile(join(project, 'app/collector/image.json'), JSON.stringify({ source: from, digest }));

      await expect(copy()).rejects.toThrow(`${from}@${digest} can't be copied`);
    });

    test('none is copied where the tasks pull another one', async () => {
      await copy({ TF_VAR_collector_image: 'x@sha256:1' });

      expect(said.at(-1)).toBe('Tasks pull their collector from x@sha256:1: none is copied.');
    });
  });

  test('a registry that does not answer is no missing tag', async () => {
    const nobody = createRegistry({ crane, repository: '127.0.0.1:1/x', env: process.env });

    await expect(nobody.find('candidate-1')).rejects.toThrow("127.0.0.1:1/x can't be read");
  });
});
