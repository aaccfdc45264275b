import { createSign, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import { join, resolve } from 'node:path';
import { mock } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { cacheFile, launch, serviceFile } from '../../app/src/compiled-service.ts';

/**
 * Run as the Dockerfile says: starts a bundle, lets it answer what it answers first after each start, and lays what V8
 * compiled for that beside it. Without timers, which on a slow machine would run more of the bundle than on a fast one.
 */
const folder = resolve(process.argv[2] ?? '');
const file = join(folder, cacheFile);
rmSync(file, { force: true });
mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });

const issuer = 'https://issuer.example.com';
const audience = 'movies-api';
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

/** The issuer's keys, and a table that has every movie. */
const world = createServer((request, response) => {
  const keys = [{ ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'RS256', use: 'sig' }];
  const item = { year: { N: '2013' }, title: { S: 'Rush' }, info: { M: { rating: { N: '8.3' } } } };
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify(request.url === '/keys' ? { keys } : { Item: item, Items: [item], Count: 1 }));
});

const worldUrl = `http://127.0.0.1:${await portOf(world)}`;
const port = await freePort();
Object.assign(process.env, {
  NODE_ENV: 'production',
  HOST: '127.0.0.1',
  PORT: String(port),
  METRICS_PORT: '0',
  LOG_LEVEL: 'fatal',
  TABLE_NAME: 'movies',
  DYNAMODB_ENDPOINT: worldUrl,
  OIDC_ISSUER: issuer,
  OIDC_AUDIENCE: audience,
  OIDC_JWKS_URI: `${worldUrl}/keys`,
  CURSOR_SECRETS: 'a-secret-that-nothing-is-ever-signed-with',
});
// Which functions a collection finds unused is not the same each time.
setFlagsFromString('--no-flush-bytecode');
const script = launch(folder);
while ((await ask('/healthz').catch(() => 0)) !== 200) await turn();
for (const path of ['/movies/2013/Rush', '/movies?limit=1']) {
  const status = await ask(path);
  if (status !== 200) throw new Error(`${path} answers ${status}`);
}
// V8 takes it only under the flags under which it was made: those of a start.
setFlagsFromString('--flush-bytecode');
writeFileSync(file, script.createCachedData());
const { atime, mtime } = statSync(join(folder, serviceFile));
utimesSync(file, atime, mtime);
process.exit(0);

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function freePort(): Promise<number> {
  const server = createServer();
  const free = await portOf(server);
  server.close();
  await once(server, 'close');
  return free;
}

async function ask(path: string): Promise<number | undefined> {
  const request = get({ host: '127.0.0.1', port, path, headers: { authorization: `Bearer ${token()}` } });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  return response.statusCode;
}

function token(): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = {
    iss: issuer,
    aud: audience,
    exp: Math.floor(Date.now() / 1_000) + 60,
    scope: 'movies/read',
  };
  const signed = `${encode({ alg: 'RS256', kid: 'one' })}.${encode(claims)}`;
  return `${signed}.${createSign('RSA-SHA256').update(signed).sign(privateKey, 'base64url')}`;
}
