import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { billOfMaterials } from '../../../tools/lib/bundle/bill-of-materials.ts';
import { checkSignature } from '../../../tools/release/check.ts';
import { createCosign } from '../../../tools/release/cosign.ts';
import { writeImageSbom, writeRepositorySbom } from '../../../tools/release/sign.ts';
import { built, cosign, describeWith } from '../../support/requirements.ts';
import { goBinary, startRegistry, type LoopbackRegistry } from './registry.ts';

const project = resolve(import.meta.dirname, '../../..');
const bundle = (content: string) => ({
  'app/main.js': content,
  'app/third-party.cdx.json': billOfMaterials([
    { name: '@scope/part', version: '1.2.3', license: 'MIT', folder: '' },
  ]),
});

test("the repository's bill of materials lists every package of the lock file, and the workspace", async () => {
  const folder = await mkdtemp(join(tmpdir(), 'materials-'));
  try {
    const file = join(folder, 'repository.cdx.json');
    await writeRepositorySbom(project, file);

    const { components } = JSON.parse(await readFile(file, 'utf8')) as {
      components: readonly { name: string; version: string }[];
    };
    const { packages } = JSON.parse(await readFile(join(project, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { version?: string; link?: boolean }>;
    };
    const locked = Object.entries(packages)
      .filter(([path, { link }]) => path.includes('node_modules/') && link !== true)
      .map(([path, { version }]) => `${path.split('node_modules/').pop()} ${version}`);

    const listed = components.map(({ name, version }) => `${name} ${version}`);
    expect(new Set(listed)).toEqual(new Set([...locked, 'app 1.0.0']));
  } finally {
    await rm(folder, { recursive: true });
  }
});

describeWith([cosign, built('bin/crane'), built('bin/trivy')], 'what is signed', () => {
  const cosign = createCosign(process.env, true);
  let registry: LoopbackRegistry;
  let key: { secret: string; public: string };

  const makeKey = (name: string): { secret: string; public: string } => {
    execFileSync(goBinary('cosign'), ['generate-key-pair', '--output-key-prefix', name], {
      cwd: registry.folder,
      env: { ...process.env, COSIGN_PASSWORD: '' },
      stdio: 'pipe',
    });
    return { secret: join(registry.folder, `${name}.key`), public: join(registry.folder, `${name}.pub`) };
  };
  const sbomOf = async (image: string, name: string): Promise<string> => {
    const file = join(registry.folder, `${name}.cdx.json`);
    await writeImageSbom(project, file, { reference: image });
    return file;
  };
  const release = async (tag: string): Promise<string> => {
    const image = await registry.push(tag, bundle(tag));
    await cosign.sign(image, key.secret);
    await cosign.attest(image, key.secret, await sbomOf(image, tag));
    return image;
  };
  const deploy = (image: string, publicKey = key.public): Promise<void> =>
    checkSignature(
      { environment: 'prod', image },
      { env: { SIGNING_KEY: publicKey }, cosign, say: () => undefined },
    );

  beforeAll(async () => {
    registry = await startRegistry();
    key = makeKey('ours');
  });
  afterAll(() => registry.stop());

  test('is deployed with the key that made it, and with no other', async () => {
    const image = await release('good');

    await expect(deploy(image)).resolves.toBeUndefined();
    await expect(deploy(image, makeKey('other').public)).rejects.toThrow(/signature of .* does not verify/);
  });

  test('is refused with one changed byte', async () => {
    await release('content-a');

    const changed = await registry.push('content-b', bundle('content-A'));

    await expect(deploy(changed)).rejects.toThrow('does not verify');
  });

  test('is refused without a bill of materials', async () => {
    const bare = await registry.push('bare', bundle('bare'));
    await cosign.sign(bare, key.secret);

    await expect(deploy(bare)).rejects.toThrow('bill of materials');
  });

  test('is refused with the bill of materials of another image, or of the repository only', async () => {
    const [image, other] = [await registry.push('one', bundle('1')), await registry.push('two', bundle('2'))];
    const repository = join(registry.folder, 'repository.cdx.json');
    await writeRepositorySbom(project, repository);
    await cosign.sign(image, key.secret);
    await cosign.attest(image, key.secret, await sbomOf(other, 'two'));
    await cosign.attest(image, key.secret, repository);

    await expect(deploy(image)).rejects.toThrow('No signed bill of materials');
  }, 60_000);

  test('is accepted with both bills of materials', async () => {
    const image = await release('both');
    const repository = join(registry.folder, 'repository.cdx.json');
    await writeRepositorySbom(project, repository);
    await cosign.attest(image, key.secret, repository);

    await expect(deploy(image)).resolves.toBeUndefined();
  }, 60_000);

  test('names the image by its digest, and the packages of its bundle, which has no node_modules', async () => {
    const image = await registry.push('listed', bundle('listed'));

    const sbom = JSON.parse(await readFile(await sbomOf(image, 'listed'), 'utf8')) as object;

    expect(sbom).toMatchObject({
      bomFormat: 'CycloneDX',
      metadata: { component: { type: 'container', name: image } },
      components: expect.arrayContaining([expect.objectContaining({ purl: 'pkg:npm/%40scope/part@1.2.3' })]),
    });
  });

  test('is nothing where nothing was found in the image', async () => {
    const empty = await registry.push('empty', { 'app/main.js': 'no packages' });

    await expect(sbomOf(empty, 'empty')).rejects.toThrow('Nothing was found');
  });
});
