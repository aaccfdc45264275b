import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

const readyWithinMs = 60_000;
const logLineLimit = 400;

export interface Moto {
  readonly url: URL;
  /** The last exception in moto's log, such as `NotImplementedError: The put_foo action has not been implemented`. */
  readonly lastError: () => string | undefined;
  readonly stop: () => Promise<void>;
}

/** Starts `moto_server` on a free loopback port and waits until it answers. Its state lives in its memory only. */
export async function startMoto(program: string): Promise<Moto> {
  const port = await freePort();
  const child = spawn(program, ['--host', '127.0.0.1', '--port', String(port)], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, PYTHONUNBUFFERED: '1' },
  });
  const lines: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    lines.push(...chunk.split('\n').filter((line) => line !== ''));
    lines.splice(0, Math.max(0, lines.length - logLineLimit));
  });
  const exited = once(child, 'exit');
  const url = new URL(`http://127.0.0.1:${port}`);
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await exited;
  };

  const deadline = Date.now() + readyWithinMs;
  while (!(await answers(new URL('/moto-api/data.json', url)))) {
    if (child.exitCode !== null) throw new Error(`moto_server ended at once: ${lines.slice(-3).join(' ')}`);
    if (Date.now() > deadline) {
      await stop();
      throw new Error(`moto_server did not answer within ${readyWithinMs / 1000} s`);
    }
    await pause(100);
  }
  return { url, stop, lastError: () => lines.findLast((line) => /^[\w.]+(Error|Exception)\b/.test(line)) };
}

const answers = (url: URL): Promise<boolean> =>
  fetch(url).then(
    (response) => response.ok,
    () => false,
  );

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port on loopback');
  return address.port;
}
