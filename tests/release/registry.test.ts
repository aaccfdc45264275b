import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { freePort } from '../../app/src/local/listen.ts';
import { createRegistry, type Registry } from '../../tools/lib/registry.ts';
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

  test('a registry that does not answer is no missing tag', async () => {
    const nobody = createRegistry({ crane, repository: '127.0.0.1:1/x', env: process.env });

    await expect(nobody.find('candidate-1')).rejects.toThrow("127.0.0.1:1/x can't be read");
  });
});
