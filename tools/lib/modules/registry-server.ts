import { spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { publicRegistry, type ModuleAddress } from './module-address.ts';
import type { Mirror } from './mirror.ts';

export interface RegistryServer {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  close(): Promise<void>;
}

const versionsPath = /^\/v1\/modules\/([^/]+)\/([^/]+)\/([^/]+)\/versions$/;
const downloadPath = /^\/v1\/modules\/([^/]+)\/([^/]+)\/([^/]+)\/([^/]+)\/download$/;
const archivePath = /^\/archives\/([^/]+)\/([^/]+)\/([^/]+)\/([^/]+)\.tar\.gz$/;

/**
 * Serves a mirror on loopback over the module registry protocol
 * (https://developer.hashicorp.com/terraform/internals/module-registry-protocol). An archive is the whole release tree.
 */
export async function serveMirror(mirror: Mirror, port = 0): Promise<RegistryServer> {
  const server = createServer((request, response) => {
    answer(mirror, request, response).catch((error: unknown) => {
      // The archive may be half sent: only a broken connection tells the client so.
      response.destroy(error instanceof Error ? error : new Error(String(error)));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

async function answer(mirror: Mirror, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { host } = request.headers;
  const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1');
  const listed = versionsPath.exec(pathname);
  if (listed) {
    const versions = await mirror.versions(addressFrom(listed));
    if (versions.length === 0) {
      refuse(response);
      return;
    }
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ modules: [{ versions: versions.map((version) => ({ version })) }] }));
    return;
  }
  const download = downloadPath.exec(pathname);
  if (download) {
    const [, namespace, name, provider, version = ''] = download;
    if ((await mirror.find({ address: addressFrom(download), version })) === undefined) {
      refuse(response);
      return;
    }
    const archive = `/archives/${[namespace, name, provider, version].join('/')}.tar.gz?archive=tar.gz`;
    response.writeHead(204, { 'x-terraform-get': `http://${host ?? '127.0.0.1'}${archive}` }).end();
    return;
  }
  const archive = archivePath.exec(pathname);
  const tree = archive && (await mirror.find({ address: addressFrom(archive), version: archive[4] ?? '' }));
  if (!tree) {
    refuse(response);
    return;
  }
  response.setHeader('content-type', 'application/gzip');
  if (request.method === 'HEAD') response.end();
  else await sendArchive(tree, response);
}

async function sendArchive(tree: string, response: ServerResponse): Promise<void> {
  const tar = spawn('tar', ['-czf', '-', '-C', tree, '.'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const finished = new Promise<number | null>((resolve, reject) => {
    tar.once('error', reject);
    tar.once('close', resolve);
  });
  await pipeline(tar.stdout, response, { end: false });
  const code = await finished;
  if (code !== 0) throw new Error(`tar ended with ${code ?? 'a signal'}`);
  response.end();
}

function addressFrom([, namespace = '', name = '', provider = '']: RegExpExecArray): ModuleAddress {
  return { host: publicRegistry, namespace, name, provider };
}

function refuse(response: ServerResponse): void {
  response
    .writeHead(404, { 'content-type': 'application/json' })
    .end(JSON.stringify({ errors: ['The module mirror has no such module release.'] }));
}
