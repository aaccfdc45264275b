import { once } from 'node:events';
import { createServer } from 'node:net';
import { freePort } from '../../../app/src/local/listen.ts';

/** Where one task listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly metricsPort: number;
}

export interface Addresses {
  /** A loopback address of the zone's own network that no other task has. */
  readonly claim: (zone: number) => Promise<Address>;
  readonly release: (address: Address) => void;
}

/**
 * Each task has an address of its own, as on AWS, and listens on the ports of its task definition: 127.<network>.<zone>.<task>
 * is loopback on Linux. Elsewhere all share 127.0.0.1 and get free ports.
 *
 * @param network 1 to 254; deployments on one machine take different ones
 */
export function createAddresses(network: number, ports: { port: number; metricsPort: number }): Addresses {
  const taken = new Set<string>();
  const claim = async (zone: number): Promise<Address> => {
    for (let task = 1; task < 255; task += 1) {
      const host = `127.${network}.${zone + 1}.${task}`;
      if (taken.has(host)) continue;
      taken.add(host);
      if ((await isFree(host, ports.port)) && (await isFree(host, ports.metricsPort)))
        return { host, ...ports };
      taken.delete(host);
      if (!(await isFree(host, 0))) break;
    }
    const [port, metricsPort] = [await freePort(), await freePort()];
    return { host: '127.0.0.1', port, metricsPort };
  };
  return { claim, release: ({ host }) => taken.delete(host) };
}

async function isFree(host: string, port: number): Promise<boolean> {
  return (await listen(host, port)) !== undefined;
}

/** The port that could be listened on, or nothing. */
async function listen(host: string, port: number): Promise<number | undefined> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
    const address = server.address();
    return address === null || typeof address === 'string' ? undefined : address.port;
  } catch {
    return undefined;
  } finally {
    server.close();
  }
}
