import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Problem } from '../../app/src/commands/problem.ts';
import type { Provenance } from './provenance.ts';

const run = promisify(execFile);
const built = resolve(import.meta.dirname, '../../.cache/bin/cosign');
const timeoutMs = 120_000;
const outputBytes = 256 * 1024 * 1024;

/** Signs images and what is said about them, and tells whether a signature is good. */
export interface Cosign {
  /** @param image by digest; @param key a file, or `awskms:///<alias ARN>` */
  readonly sign: (image: string, key: string) => Promise<void>;
  /** Attaches a statement about the image, signed: a CycloneDX bill of materials, or SLSA provenance. */
  readonly attest: (image: string, key: string, file: string, type?: PredicateType) => Promise<void>;
  /** Rejects with a `Problem` unless the image was signed with the key. */
  readonly verify: (image: string, key: string) => Promise<void>;
  /** Rejects with a `Problem` unless a bill of materials of this very image was signed with the key. */
  readonly verifySbom: (image: string, key: string) => Promise<void>;
  /** Signs a file; the signature goes to another one. */
  readonly signFile: (file: string, key: string, bundle: string) => Promise<void>;
  /** Rejects with a `Problem` unless the file is what was signed with the key. */
  readonly verifyFile: (file: string, key: string, bundle: string) => Promise<void>;
  /** Statements of how this image was built, signed with the key. Rejects with a `Problem` when there is none. */
  readonly provenances: (image: string, key: string) => Promise<readonly Provenance[]>;
}

type PredicateType = 'cyclonedx' | 'slsaprovenance1';

/**
 * The key decides, not a public log: nothing about a private image is published, and nothing is asked of the internet.
 *
 * @param plainHttp for a registry on loopback
 */
export function createCosign(env: NodeJS.ProcessEnv, plainHttp = false): Cosign {
  // A referrer each: in the older form the second attestation would move a tag, which an immutable repository refuses.
  const bundle = '--new-bundle-format=true';
  const registry = plainHttp ? ['--allow-http-registry'] : [];
  const cosign = async (...args: readonly string[]): Promise<string> => {
    if (!existsSync(built)) {
      throw new Problem(
        'cosign is not built: no signature can be made or verified.',
        'make tools (or make .cache/bin/cosign)',
      );
    }
    const options = { env: { COSIGN_PASSWORD: '', ...env }, timeout: timeoutMs, maxBuffer: outputBytes };
    return (await run(built, args, options)).stdout;
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
  const refuse =
    (image: string, key: string, what: string) =>
    (error: unknown): never => {
      if (error instanceof Problem) throw error;
      const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
      const reason = said.split('\n').find((line) => line.startsWith('Error:')) ?? said.split('\n')[0] ?? '';
      throw new Problem(
        `${what} of ${image} does not verify with ${key}.\n  ${reason}`,
        'Deploy an image that the pipeline built and signed. Nothing was changed.',
      );
    };
  const predicatesOf = async (image: string, key: string, type: PredicateType, what: string) =>
    (await cosign('verify-attestation', '--type', type, ...trust(key), image).catch(refuse(image, key, what)))
      .split('\n')
      .filter(Boolean)
      .map(predicateIn);
  const trust = (key: string): readonly string[] => [
    '--key',
    key,
    bundle,
    '--insecure-ignore-tlog',
    ...registry,
  ];

  return {
    sign: (image, key) =>
      privately((config) =>
        done(cosign('sign', bundle, '--yes', '--key', key, '--signing-config', config, ...registry, image)),
      ),
    attest: (image, key, file, type = 'cyclonedx') =>
      privately((config) =>
        done(
          cosign(
            ...['attest', bundle, '--yes', '--key', key, '--signing-config', config, ...registry],
            ...['--type', type, '--predicate', file, image],
          ),
        ),
      ),
    verify: (image, key) =>
      done(cosign('verify', ...trust(key), image)).catch(refuse(image, key, 'The signature')),
    verifySbom: async (image, key) => {
      const lists = await predicatesOf(image, key, 'cyclonedx', 'The bill of materials');
      if (!lists.some((list) => isAbout(list as BillOfMaterials, image)))
        throw new Problem(
          `No signed bill of materials is one of ${image}.`,
          'Sign it with `make sign`, which lists the image itself. Nothing was changed.',
        );
    },
    signFile: (file, key, to) =>
      privately((config) =>
        done(
          cosign(
            'sign-blob',
            bundle,
            '--yes',
            '--key',
            key,
            '--signing-config',
            config,
            '--bundle',
            to,
            file,
          ),
        ),
      ),
    verifyFile: (file, key, from) =>
      done(cosign('verify-blob', '--key', key, '--insecure-ignore-tlog', '--bundle', from, file)).catch(
        refuse(file, key, 'The signature'),
      ),
    provenances: async (image, key) =>
      (await predicatesOf(image, key, 'slsaprovenance1', 'The provenance')) as readonly Provenance[],
  };
}

const done = async (work: Promise<unknown>): Promise<void> => {
  await work;
};

/** What an attestation (a DSSE envelope with an in-toto statement) says. */
function predicateIn(envelope: string): unknown {
  const { payload } = JSON.parse(envelope) as { payload: string };
  return (JSON.parse(Buffer.from(payload, 'base64').toString()) as { predicate?: unknown }).predicate;
}

interface BillOfMaterials {
  readonly metadata?: { readonly component?: { readonly type?: string; readonly purl?: string } };
}

/** Whether it is the list of this image, by its digest. */
function isAbout(list: BillOfMaterials, image: string): boolean {
  const { type, purl = '' } = list.metadata?.component ?? {};
  const [, digest = ''] = image.split('@');
  return type === 'container' && digest !== '' && decodeURIComponent(purl).includes(`@${digest}`);
}
