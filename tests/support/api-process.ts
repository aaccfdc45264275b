import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface ApiProcess {
  readonly pid: number;
  /** Port and metrics port once it listens; rejects with what it said when it ends before. */
  readonly listening: Promise<{ readonly port: number; readonly metricsPort: number }>;
  readonly ended: Promise<{ readonly code: number | null; readonly output: string }>;
  signal(name: NodeJS.Signals): void;
}

const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * The service as a container runs it: a process of its own that knows nothing but these settings.
 * @param program from the sources unless a bundle is named
 */
export function startApiProcess(
  settings: Readonly<Record<string, string>>,
  program: readonly string[] = [resolve('app/src/main.ts')],
  node = process.execPath,
): ApiProcess {
  const child = spawn(node, [...program], {
    cwd: root,
    env: { PATH: process.env['PATH'], HOST: '127.0.0.1', PORT: '0', METRICS_PORT: '0', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const listening = new Promise<{ port: number; metricsPort: number }>((resolve, reject) => {
    const read = (text: Buffer) => {
      output += text.toString();
      const found = /"port":(\d+),"metricsPort":(\d+)/.exec(output);
      if (found) resolve({ port: Number(found[1]), metricsPort: Number(found[2]) });
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('close', () => {
      reject(new Error(output));
    });
  });
  listening.catch(() => undefined);
  return {
    pid: child.pid ?? 0,
    listening,
    ended: once(child, 'close').then(([code]) => ({ code: code as number | null, output })),
    signal: (name) => child.kill(name),
  };
}
