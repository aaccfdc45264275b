import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { Problem } from '../commands/problem.ts';

const loopback = '127.0.0.1';

/** Listens on loopback only; port 0 takes a free one. Rejects with the system's error, `EADDRINUSE` for instance. */
export async function listenOnLoopback(server: Server, port: number): Promise<{ url: string; port: number }> {
  server.listen(port, loopback);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server listens on no TCP port.');
  return { url: `http://${loopback}:${address.port}`, port: address.port };
}

/** A TCP port of loopback that nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  const { port } = await listenOnLoopback(probe, 0);
  await closeServer(probe);
  return port;
}

/** Ends open connections and waits until the server is closed, and with it what it holds. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => {
      if (error) reject(error);
      else resolve();
    });
    server.closeAllConnections();
  });
}

export interface PortWish {
  readonly service: string;
  /** The environment variable that sets it. */
  readonly setting: string;
  /** 0 asks for any free port. */
  readonly port: number;
}

/** The ports to use, in the order of the wishes. Rejects with a `Problem` that names every taken port and its setting. */
export async function claimPorts(wishes: readonly PortWish[]): Promise<number[]> {
  const ports: number[] = [];
  const taken: string[] = [];
  const remedies: string[] = [];
  for (const { service, setting, port } of wishes) {
    const claimed = ports.includes(port) ? undefined : await tryPort(port);
    if (claimed === undefined) {
      taken.push(`port ${port} (${service})`);
      remedies.push(`${setting}=${(await tryPort(0)) ?? 0}`);
    }
    ports.push(claimed ?? port);
  }
  if (taken.length > 0) {
    throw new Problem(`taken already: ${taken.join(', ')}.`, `choose others: ${remedies.join(' ')} make run`);
  }
  return ports;
}

async function tryPort(wanted: number): Promise<number | undefined> {
  const probe = createServer();
  try {
    const { port } = await listenOnLoopback(probe, wanted);
    await closeServer(probe);
    return port;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return undefined;
    throw error;
  }
}
