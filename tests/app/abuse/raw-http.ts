import { connect, type NetConnectOpts } from 'node:net';

const patienceMs = 8_000;

/**
 * Sends these bytes as they are and resolves with all that came back once the other side has ended the connection.
 * Rejects when it hasn't after 8 s: a last request that is whole has to say `Connection: close`.
 *
 * @param drops sent behind the bytes again and again, every 20 ms, by a client that is never idle and never done
 */
export function exchange(target: NetConnectOpts, bytes: string | Buffer, drops = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const received = () => Buffer.concat(chunks).toString('latin1');
    const socket = connect(target, () => socket.write(bytes));
    const dripping = setInterval(() => drops !== '' && socket.writable && socket.write(drops), 20);
    const timer = setTimeout(() => {
      const start = received().slice(0, 500);
      socket.destroy(new Error(`The connection is still open after ${patienceMs} ms. Received: ${start}`));
    }, patienceMs);
    socket.on('data', (chunk) => chunks.push(chunk));
    // Who is cut off in the middle of sending still has the answer.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
    });
    socket.on('close', () => {
      clearTimeout(timer);
      clearInterval(dripping);
      resolve(received());
    });
  });
}

/** Lines of a request's head, and what follows it. */
export const raw = (lines: readonly string[], body = ''): string => `${lines.join('\r\n')}\r\n\r\n${body}`;

/** The status of each answer on a connection, in order. */
export const statuses = (received: string): number[] =>
  [...received.matchAll(/^HTTP\/1\.[01] (\d{3})/gm)].map(([, status]) => Number(status));
