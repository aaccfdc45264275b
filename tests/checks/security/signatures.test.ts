import { execFile, execFileSync } from 'node:child_process';
import { appendFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { billOfMaterials } from '../../../tools/lib/bundle.ts';
import { checkSignature } from '../../../tools/release/check.ts';
import { createCosign } from '../../../tools/release/cosign.ts';
import {
  checkProvenance,
  describeBuild,
  describeProvenance,
  writeProvenance,
} from '../../../tools/release/provenance.ts';
import { writeImageSbom, writeRepositorySbom } from '../../../tools/release/sign.ts';
import { built, cosign, describeWith } from '../../support/requirements.ts';
import { goBinary, makeKeyPair, startRegistry, type Kind, type LoopbackRegistry } from './registry.ts';

const run = promisify(execFile);
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

const inStep = {
  BITBUCKET_REPO_FULL_NAME: 'local/movies-api',
  BITBUCKET_BUILD_NUMBER: '7',
  BITBUCKET_STEP_UUID: '{1}',
};
const materials = [
  ...['Dockerfile', 'bitbucket-pipelines.yml', 'package-lock.json', 'security/modules.lock.json'],
  ...['terraform/.terraform.lock.hcl', 'app/collector/image.json', 'tools/install/toolchain.json'],
  ...['tools/install/go/cosign/go.sum', 'tools/install/python/checkov.txt', 'README.md'],
];

/** A repository with one commit that holds this project's materials. */
async function createSource() {
  const folder = await mkdtemp(join(tmpdir(), 'source-'));
  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@localhost', ...args], {
      cwd: folder,
      encoding: 'utf8',
    }).trim();
  for (const path of materials) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await cp(join(project, path), join(folder, path));
  }
  git('init', '--quiet');
  git('add', '.');
  git('commit', '--quiet', '--message=source');
  const base = /^ARG BASE_IMAGE=(.+)$/m.exec(await readFile(join(folder, 'Dockerfile'), 'utf8'))?.[1] ?? '';
  const revision = git('rev-parse', 'HEAD');
  const build = (labels = {}, env: NodeJS.ProcessEnv = inStep) =>
    describeBuild(folder, { revision, base, ...labels }, env);
  const check = async (built: ReturnType<typeof build>, env: NodeJS.ProcessEnv = {}) =>
    checkProvenance('image', [await built], { project: folder, env });
  return { folder, git, base, revision, build, check };
}
type SourceRepository = Awaited<ReturnType<typeof createSource>>;

describe('provenance', () => {
  let source: SourceRepository;
  beforeAll(async () => {
    source = await createSource();
  });
  afterAll(() => rm(source.folder, { recursive: true }));

  test('tells commit, run, image of the step, bases and each locked file', async () => {
    const told = describeProvenance(await source.check(source.build()));

    expect(told).toContain(`built from ${source.revision} of https://bitbucket.org/local/movies-api`);
    expect(told).toContain('by         https://bitbucket.org/local/movies-api/pipelines/results/7/steps/{1}');
    expect(told).toMatch(/^ {2}in {9}node:.*@sha256:[0-9a-f]{64}$/m);
    expect(told).toContain(`on         ${source.base}`);
    for (const name of materials.slice(0, -1)) expect(told).toContain(`locked by  ${name} sha256:`);
    expect(told).not.toContain('README');
  });

  test('of a person has no image of a step, and holds', async () => {
    const told = describeProvenance(await source.check(source.build({}, {})));

    expect(told).toContain('by         by hand');
    expect(told).not.toMatch(/^ {2}in /m);
  });

  test.each(materials.slice(0, -1))('with a byte more in %s is refused with that name', async (name) => {
    await appendFile(join(source.folder, name), ' ');
    const built = source.build();

    await expect(source.check(built)).rejects.toThrow(
      new RegExp(`^The provenance of image does not hold:\\n  ${name}: the build took in sha256:`),
    );
    source.git('checkout', '--quiet', '.');
  });

  test('with a byte for another that is no text either is refused with the name of the file', async () => {
    const file = join(source.folder, 'package-lock.json');
    const nameOf = (byte: number) =>
      Buffer.concat([Buffer.from('{"name":"'), Buffer.of(byte), Buffer.from('"}')]);
    await writeFile(file, nameOf(0xff));
    source.git('commit', '--quiet', '--all', '--message', 'A byte that is no UTF-8');
    const revision = source.git('rev-parse', 'HEAD');
    await expect(source.check(source.build({ revision }))).resolves.toBeDefined();
    await writeFile(file, nameOf(0xfe));
    const built = source.build({ revision });

    await expect(source.check(built)).rejects.toThrow('package-lock.json: the build took in sha256:');
    source.git('reset', '--quiet', '--hard', 'HEAD~1');
  });

  test('is refused with another base, with uncommitted files, and with a material left out', async () => {
    await expect(source.check(source.build({ base: 'node:24' }))).rejects.toThrow(
      `BASE_IMAGE: the build took in node:24, commit ${source.revision.slice(0, 12)} holds ${source.base}`,
    );
    await expect(source.check(source.build({ revision: `${source.revision}-dirty` }))).rejects.toThrow(
      `source: it was built from ${source.revision}-dirty, which no reviewer has seen`,
    );
    const { buildDefinition, runDetails } = await source.build();
    const fewer = buildDefinition.resolvedDependencies.filter(({ name }) => name !== 'package-lock.json');
    const thinned = { runDetails, buildDefinition: { ...buildDefinition, resolvedDependencies: fewer } };
    await expect(source.check(Promise.resolve(thinned))).rejects.toThrow(
      'package-lock.json: the build took in nothing',
    );
  });

  test('of a commit that this clone lacks names the commit and how to get it', async () => {
    const revision = '1'.repeat(40);

    await expect(source.check(source.build({ revision }))).rejects.toMatchObject({
      message: expect.stringContaining(`Commit ${revision}`) as unknown,
      remedy: expect.stringContaining(`git fetch origin ${revision}`) as unknown,
    });
  });

  test('with a base of this machine is good for an account on this machine, and no other', async () => {
    const built = source.build({ base: 'localhost/movies-api-base:1' });

    const held = await source.check(built, { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' });
    expect(describeProvenance(held)).toMatch(/^ {2}on {9}localhost\/movies-api-base:1$/m);
    for (const url of ['https://dynamodb.eu-west-1.amazonaws.com', 'http://127.0.0.1.example.com:1'])
      await expect(source.check(built, { AWS_ENDPOINT_URL: url })).rejects.toThrow('BASE_IMAGE');
    await expect(source.check(built)).rejects.toThrow('BUILD_IMAGE: the build took in nothing');
  });
});

describeWith([cosign, built('bin/crane'), built('bin/trivy')], 'what is signed', () => {
  const cosign = createCosign(process.env, true);
  let source: SourceRepository;
  let registry: LoopbackRegistry;
  let key: { secret: string; public: string };

  const makeKey = (name: string) => makeKeyPair(registry.folder, name);
  const sbomOf = async (image: string, name: string): Promise<string> => {
    const file = join(registry.folder, `${name}.cdx.json`);
    await writeImageSbom(project, file, { reference: image });
    return file;
  };
  const attestBuild = async (
    image: string,
    provenance: ReturnType<SourceRepository['build']>,
  ): Promise<void> => {
    const file = join(registry.folder, 'provenance.json');
    await writeProvenance(file, await provenance);
    await cosign.attest(image, key.secret, file, 'slsaprovenance1');
  };
  /** Pushed, signed and listed; without provenance. */
  const list = async (tag: string): Promise<string> => {
    const image = await registry.push(tag, bundle(tag));
    await cosign.sign(image, key.secret);
    await cosign.attest(image, key.secret, await sbomOf(image, tag));
    return image;
  };
  const release = async (tag: string): Promise<string> => {
    const image = await list(tag);
    await attestBuild(image, source.build());
    return image;
  };
  const said: string[] = [];
  const deploy = (image: string, publicKey = key.public): Promise<void> =>
    checkSignature(
      { environment: 'prod', image },
      {
        project: source.folder,
        env: { SIGNING_KEY: publicKey },
        cosign,
        say: (line) => said.push(line),
      },
    );

  beforeAll(async () => {
    registry = await startRegistry();
    source = await createSource();
    key = await makeKey('ours');
  });
  afterAll(async () => {
    await registry.stop();
    await rm(source.folder, { recursive: true });
  });

  test('is deployed with the key that made it, and with no other', async () => {
    const image = await release('good');

    await expect(deploy(image)).resolves.toBeUndefined();
    await expect(deploy(image, (await makeKey('other')).public)).rejects.toThrow(
      /signature of .* does not verify/,
    );
  });

  test('is refused without provenance', async () => {
    await expect(deploy(await list('unknown'))).rejects.toThrow('The provenance of');
  });

  test('is refused with provenance that another key signed', async () => {
    const image = await list('forged');
    const file = join(registry.folder, 'provenance.json');
    await writeProvenance(file, await source.build());
    await cosign.attest(image, (await makeKey('forger')).secret, file, 'slsaprovenance1');

    await expect(deploy(image)).rejects.toThrow('The provenance of');
  });

  test('is refused with a changed lock file, by its name; then signed again from the commit it is deployed', async () => {
    const image = await list('changed');
    await appendFile(join(source.folder, 'package-lock.json'), ' ');
    await attestBuild(image, source.build());
    source.git('checkout', '--quiet', '.');

    await expect(deploy(image)).rejects.toThrow('package-lock.json: the build took in sha256:');

    await attestBuild(image, source.build());
    await expect(deploy(image)).resolves.toBeUndefined();
    expect(said.at(-1)).toContain(`built from ${source.revision}`);
  }, 60_000);

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

describeWith([cosign, built('bin/crane')], 'an immutable repository', () => {
  const cosign = createCosign(process.env, true);
  /** Signs an image and says two things of it, in a registry of a kind. Resolves with what that registry holds then. */
  const signIn = async (kind: Kind, sign: (image: string, key: string, file: string) => Promise<void>) => {
    const registry = await startRegistry(kind);
    try {
      const options = { cwd: registry.folder, env: { ...process.env, COSIGN_PASSWORD: '' } };
      const key = await makeKeyPair(registry.folder, 'k');
      const image = await registry.push('candidate-1', bundle('x'));
      const file = join(registry.folder, 'statement.json');
      await writeProvenance(file, await describeBuild(project, { revision: '1'.repeat(40), base: 'b' }, {}));
      await sign(image, key.secret, file);
      const verified = await cosign.provenances(image, key.public);
      const { stdout } = await run(
        goBinary('crane'),
        ['ls', '--insecure', image.split('@')[0] ?? ''],
        options,
      );
      return { verified: verified.length, tags: stdout.trim().split('\n') };
    } finally {
      await registry.stop();
    }
  };
  const signTwice = async (image: string, key: string, file: string): Promise<void> => {
    await cosign.sign(image, key);
    await cosign.attest(image, key, file, 'slsaprovenance1');
    await cosign.attest(image, key, file, 'slsaprovenance1');
  };

  test('that lists referrers, as ECR does, takes every signature and statement, and no tag beside', async () => {
    expect(await signIn({ immutable: true, referrers: true }, signTwice)).toEqual({
      verified: 2,
      tags: ['candidate-1'],
    });
  }, 60_000);

  test('that lists none refuses the second one, for the index that stands for the list is a tag', async () => {
    await expect(signIn({ immutable: true }, signTwice)).rejects.toThrow('cannot be overwritten');
  }, 60_000);

  test('refuses the second statement of the older form, which moves a tag: so the form is pinned', async () => {
    const older = async (image: string, key: string, file: string): Promise<void> => {
      const form = ['--new-bundle-format=false', '--use-signing-config=false', '--tlog-upload=false'];
      const statement = ['--type', 'slsaprovenance1', '--predicate', file, image];
      const attest = () =>
        run(
          goBinary('cosign'),
          ['attest', ...form, '--yes', '--key', key, '--allow-http-registry', ...statement],
          { env: { ...process.env, COSIGN_PASSWORD: '' } },
        );
      await attest();
      await attest();
    };

    await expect(signIn({ immutable: true, referrers: true }, older)).rejects.toThrow(
      'cannot be overwritten',
    );
  }, 60_000);
});
