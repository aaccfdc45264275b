import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Problem } from '../modules/problem.ts';

const run = promisify(execFile);
const built = resolve(import.meta.dirname, '../../.cache/bin/cosign');
const timeoutMs = 120_000;

/** Signs images and what is said about them, and tells whether a signature is good. */
export interface Cosign {
  /** @param image by digest; @param key a file, or `awskms:///<alias ARN>` */
  readonly sign: (image: string, key: string) => Promise<void>;
  /** Attaches a CycloneDX bill of materials, signed. */
  readonly attest: (image: string, key: string, sbomFile: string) => Promise<void>;
  /** Rejects with a `Problem` unless the image was signed with the key. */
  readonly verify: (image: string, key: string) => Promise<void>;
  /** Rejects with a `Problem` unless a bill of materials was signed with the key. */
  readonly verifySbom: (image: string, key: string) => Promise<void>;
}

/**
 * The key decides, not a public log: nothing about a private image is published, and nothing is asked of the internet.
 *
 * @param plainHttp for a registry on loopback
 */
export function createCosign(env: NodeJS.ProcessEnv, plainHttp = false): Cosign {
  const registry = plainHttp ? ['--allow-http-registry'] : [];
  const cosign = async (...args: readonly string[]): Promise<void> => {
    if (!existsSync(built)) {
      throw new Problem(
        'cosign is not built: no signature can be made or verified.',
        'make tools (or make .cache/bin/cosign)',
      );
    }
    await run(built, args, { env: { COSIGN_PASSWORD: '', ...env }, timeout: timeoutMs });
  };
  /** Without this configuration cosign would publish each signature in a log on the internet. */
  const privately = async (work: (config: string) => Promise<void>): Promise<void> => {
    const folder = await mkdtemp(join(tmpdir(), 'cosign-'));
    try {
      const config = join(folder, 'signing-config.json');
      await cosign('signing-config', 'create', '--out', config);
      await work(config);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
  const refuse = (image: string, key: string, what: string) => (error: unknown) => {
    if (error instanceof Problem) throw error;
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    const reason = said.split('\n').find((line) => line.startsWith('Error:')) ?? said.split('\n')[0] ?? '';
    throw new Problem(
      `${what} of ${image} does not verify with ${key}.\n  ${reason}`,
      'Deploy an image that the pipeline built and signed. Nothing was changed.',
    );
  };
  const trust = (key: string): readonly string[] => ['--key', key, '--insecure-ignore-tlog', ...registry];

  return {
    sign: (image, key) =>
      privately((config) =>
        cosign('sign', '--yes', '--key', key, '--signing-config', config, ...registry, image),
      ),
    attest: (image, key, sbomFile) =>
      privately((config) =>
        cosign(
          ...['attest', '--yes', '--key', key, '--signing-config', config, ...registry],
          ...['--type', 'cyclonedx', '--predicate', sbomFile, image],
        ),
      ),
    verify: (image, key) => cosign('verify', ...trust(key), image).catch(refuse(image, key, 'The signature')),
    verifySbom: (image, key) =>
      cosign('verify-attestation', '--type', 'cyclonedx', ...trust(key), image).catch(
        refuse(image, key, 'The bill of materials'),
      ),
  };
}
