import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../../../app/src/local/listen.ts';

const readyWithinMs = 60_000;

export interface Moto {
  readonly url: URL;
  /** Exceptions in moto's log so far: `NotImplementedError: The put_foo action has not been implemented`. */
  readonly errors: () => { readonly count: number; readonly last: string };
  readonly stop: () => Promise<void>;
}

/** Starts `moto_server` on a free loopback port and waits until it answers. Its state lives in its memory only. */
export async function startMoto(program: string): Promise<Moto> {
  const port = await freePort();
  const child = spawn(program, ['--host', '127.0.0.1', '--port', String(port)], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, PYTHONUNBUFFERED: '1' },
  });
  let count = 0;
  let last = '';
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (!/^[\w.]+(Error|Exception)\b/.test(line)) return;
    count += 1;
    last = line;
  });
  const exited = once(child, 'exit');
  const url = new URL(`http://127.0.0.1:${port}`);
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await exited;
  };

  const deadline = Date.now() + readyWithinMs;
  while (!(await answers(new URL('/moto-api/data.json', url)))) {
    if (child.exitCode !== null) throw new Error(`moto_server ended at once: ${last}`);
    if (Date.now() > deadline) {
      await stop();
      throw new Error(`moto_server did not answer within ${readyWithinMs / 1000} s`);
    }
    await pause(100);
  }
  return { url, stop, errors: () => ({ count, last }) };
}

const answers = (url: URL): Promise<boolean> =>
  fetch(url).then(
    (response) => response.ok,
    () => false,
  );
