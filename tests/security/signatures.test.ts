import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createCosign } from '../../tools/signing/cosign.ts';
import { describeWith } from '../support/requirements.ts';
import { project } from './mistakes.ts';

const tool = (name: string) => join(project, '.cache', 'bin', name);
const built = (name: string) => ({
  name,
  missing: () => (existsSync(tool(name)) ? undefined : `${name} is not built: make tools`),
});

describeWith([built('cosign'), built('crane')], 'the signature of an image', () => {
  const cosign = createCosign(process.env, true);
  let folder: string;
  let registry: ChildProcess;
  let address: string;

  const crane = (...args: string[]) =>
    execFileSync(tool('crane'), args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' }).trim();
  const push = async (tag: string, content: string): Promise<string> => {
    await writeFile(join(folder, 'content'), content);
    execFileSync('tar', ['cf', 'layer.tar', 'content'], { cwd: folder });
    crane(
      'append',
      '--insecure',
      '--oci-empty-base',
      '-f',
      'layer.tar',
      '-t',
      `${address}/movies-api:${tag}`,
    );
    return `${address}/movies-api@${crane('digest', '--insecure', `${address}/movies-api:${tag}`)}`;
  };
  const makeKey = (name: string): { secret: string; public: string } => {
    execFileSync(tool('cosign'), ['generate-key-pair', '--output-key-prefix', name], {
      cwd: folder,
      env: { ...process.env, COSIGN_PASSWORD: '' },
      stdio: 'pipe',
    });
    return { secret: join(folder, `${name}.key`), public: join(folder, `${name}.pub`) };
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'signatures-'));
    registry = spawn(tool('crane'), ['registry', 'serve', '--address', '127.0.0.1:0'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const port = await new Promise<string>((done, fail) => {
      registry.once('exit', () => {
        fail(new Error('the registry did not start'));
      });
      for (const stream of [registry.stdout, registry.stderr]) {
        createInterface({ input: stream ?? process.stdin }).on('line', (line) => {
          const found = /serving on port (\d+)/.exec(line)?.[1];
          if (found !== undefined) done(found);
        });
      }
    });
    address = `127.0.0.1:${port}`;
  });

  afterAll(async () => {
    registry.kill();
    await rm(folder, { recursive: true });
  });

  test('verifies with the key that made it, and with no other', async () => {
    const image = await push('good', 'the reviewed content');
    const [key, other] = [makeKey('ours'), makeKey('other')];
    await cosign.sign(image, key.secret);

    await expect(cosign.verify(image, key.public)).resolves.toBeUndefined();
    await expect(cosign.verify(image, other.public)).rejects.toThrow(/signature of .* does not verify/);
  });

  test('does not verify for an image with one changed byte', async () => {
    const key = makeKey('bytes');
    await cosign.sign(await push('signed', 'content A'), key.secret);

    const changed = await push('changed', 'content B');

    await expect(cosign.verify(changed, key.public)).rejects.toThrow('does not verify');
  });

  test('of the bill of materials verifies, and is missing where none was attached', async () => {
    const key = makeKey('sbom');
    const [image, bare] = [await push('sbom', 'with'), await push('bare', 'without')];
    const sbom = join(folder, 'sbom.json');
    await writeFile(
      sbom,
      JSON.stringify({ bomFormat: 'CycloneDX', specVersion: '1.5', version: 1, components: [] }),
    );
    await cosign.attest(image, key.secret, sbom);

    await expect(cosign.verifySbom(image, key.public)).resolves.toBeUndefined();
    await expect(cosign.verifySbom(bare, key.public)).rejects.toThrow('bill of materials');
  });
});
