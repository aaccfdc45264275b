import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, request as send } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { createStopStack } from '../../../app/src/local/stop-stack.ts';
import { closeServer, listenOnLoopback } from '../../../app/src/local/listen.ts';
import { Problem } from '../../../app/src/commands/problem.ts';

const run = promisify(execFile);

export interface ImageRegistry {
  /** Host and port of the registry itself, in plain HTTP. */
  readonly address: string;
  /** What makes programs written in Go find it under the name of Amazon's registry. */
  readonly environment: Readonly<Record<string, string>>;
  /** File of the certificates that programs trust who find it. */
  readonly certificates: string;
  readonly stop: () => Promise<void>;
}

export interface ImageRegistryOptions {
  readonly crane: string;
  /** The registry's name in the account, `<account>.dkr.ecr.<region>.amazonaws.com`. */
  readonly host: string;
  /** Folder for its certificate. */
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * A registry in memory (crane) that stands for Amazon's under its own name, so that images are named as in production: a
 * certificate for that name, and a proxy that leads there whoever asks for it. All other addresses are passed on untouched.
 */
export async function startImageRegistry(options: ImageRegistryOptions): Promise<ImageRegistry> {
  const { crane, host, home, env } = options;
  const stack = createStopStack();
  const { server: registry, port } = await serveRegistry(crane);
  stack.keep(async () => {
    const ended = once(registry, 'exit');
    if (registry.kill()) await ended;
  });
  const address = `127.0.0.1:${port}`;

  const [keyFile, certificateFile] = [join(home, 'registry.key'), join(home, 'registry.pem')];
  await run('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-keyout', keyFile, '-out', certificateFile, '-subj', '/CN=registry'],
    ...['-addext', `subjectAltName=DNS:${host}`],
  ]);
  const certificate = await readFile(certificateFile, 'utf8');
  const edge = createTlsServer({ key: await readFile(keyFile), cert: certificate }, (incoming, outgoing) => {
    const { method, url, headers } = incoming;
    const call = send({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    call.on('error', () => outgoing.writeHead(502).end());
    incoming.pipe(call);
  });
  const { port: edgePort } = await listenOnLoopback(edge, 0);
  stack.keep(() => closeServer(edge));

  const proxy = createServer((_, response) => response.writeHead(405).end());
  proxy.on('connect', ({ url = '' }, client: Socket) => {
    const [name = '', asked = '443'] = url.split(':');
    const target = name === host ? connect(edgePort, '127.0.0.1') : connect(Number(asked), name);
    target.once('connect', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      target.pipe(client).pipe(target);
    });
    target.on('error', () => client.destroy());
    client.on('error', () => target.destroy());
  });
  const { url: proxyUrl } = await listenOnLoopback(proxy, 0);
  stack.keep(() => closeServer(proxy));

  const trusted = join(home, 'trusted.pem');
  const usual = await readFile(env['SSL_CERT_FILE'] ?? '/etc/ssl/certs/ca-certificates.crt', 'utf8');
  await writeFile(trusted, `${usual}\n${certificate}`);
  return {
    address,
    environment: { HTTPS_PROXY: proxyUrl, NO_PROXY: '127.0.0.1,localhost', SSL_CERT_FILE: trusted },
    certificates: trusted,
    stop: () => stack.stopAll(),
  };
}

/** A registry in memory, and its port. */
export async function serveRegistry(crane: string): Promise<{ server: ChildProcess; port: number }> {
  const server = spawn(crane, ['registry', 'serve', '--address', '127.0.0.1:0'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', reject);
    server.once('exit', () => {
      reject(new Problem('The image registry did not start.', 'make .cache/bin/crane'));
    });
    for (const stream of [server.stdout, server.stderr])
      createInterface({ input: stream }).on('line', (line) => {
        const port = /serving on port (\d+)/.exec(line)?.[1];
        if (port !== undefined) resolve(Number(port));
      });
  });
  return { server, port };
}
