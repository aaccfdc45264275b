import { createServer } from 'node:http';
import { closeServer, listenOnLoopback } from './listen.ts';
import { Problem } from '../commands/problem.ts';

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
