import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, importJWK, type CryptoKey, type JWK } from 'jose';

const folder = join(import.meta.dirname, '../../.cache/test-keys');

/**
 * Gives RSA keys of this clone, each once. They are made when they are first asked for and kept: to look for two primes takes a
 * fifth of a second of processor, and every test file would look for some.
 */
export function createSigningKeys(): () => Promise<{ readonly privateKey: CryptoKey }> {
  let given = 0;
  return async () => {
    given += 1;
    const jwk = await keptKey(join(folder, `${given}.json`));
    return { privateKey: (await importJWK(jwk, 'RS256', { extractable: true })) as CryptoKey };
  };
}

async function keptKey(file: string): Promise<JWK> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as JWK;
  } catch {
    const jwk = await exportJWK((await generateKeyPair('RS256', { extractable: true })).privateKey);
    mkdirSync(folder, { recursive: true });
    // Whole at once: other workers look for it, too.
    const written = `${file}.${process.pid}`;
    writeFileSync(written, JSON.stringify(jwk), { mode: 0o600 });
    renameSync(written, file);
    return jwk;
  }
}
