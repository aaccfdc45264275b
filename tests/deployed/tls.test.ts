import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type SecureVersion, type Server } from 'node:tls';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { describeWith, program } from '../support/requirements.ts';
import { checkTlsFloor } from './probes/edge.ts';

/** No environment here has a domain, so what judges one is tried on servers with a floor and without. */
describeWith([program('openssl', 'install OpenSSL', ['version'])], 'the probe of the TLS floor', () => {
  let folder: string;
  let server: Server;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tls-'));
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const options = '-x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost'.split(' ');
    execFileSync('openssl', ['req', ...options, '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  });
  afterEach(() => {
    server.close();
  });
  afterAll(() => rm(folder, { recursive: true }));

  const serve = async (minVersion: SecureVersion, maxVersion: SecureVersion = 'TLSv1.3') => {
    server = createServer({
      key: await readFile(join(folder, 'key.pem')),
      cert: await readFile(join(folder, 'cert.pem')),
      minVersion,
      maxVersion,
      ciphers: 'DEFAULT:@SECLEVEL=0',
    });
    server.on('tlsClientError', () => undefined);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return { url: `https://localhost:${port}` };
  };

  test('1.2 and newer: passed', async () => {
    await expect(checkTlsFloor(await serve('TLSv1.2'))).resolves.toBeUndefined();
  });

  test('a server that agrees to 1.1: failed', async () => {
    await expect(checkTlsFloor(await serve('TLSv1.1'))).rejects.toThrow('TLSv1.1');
  });

  test('a server without 1.3: failed', async () => {
    await expect(checkTlsFloor(await serve('TLSv1.2', 'TLSv1.2'))).rejects.toThrow('TLSv1.3');
  });

  test('nobody listens: an error, and no proof of a floor', async () => {
    const deployment = await serve('TLSv1.2');
    server.close();
    await once(server, 'close');

    await expect(checkTlsFloor(deployment)).rejects.toThrow('ECONNREFUSED');
  });
});
