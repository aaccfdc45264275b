import { once } from 'node:events';
import { createServer, type Server } from 'node:http';

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
