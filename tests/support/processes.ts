import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

export interface CommandRun {
  readonly exitCode: number | null;
  readonly output: string;
  readonly errors: string;
}

export interface CommandOptions {
  readonly input?: string | Buffer;
  /** Sent to it, one right after the other, once `when` is fulfilled. */
  readonly signals?: readonly NodeJS.Signals[];
  readonly when?: Promise<unknown>;
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs a program of `app/src/commands` as a process of its own. */
export function runProgram(
  program: 'load' | 'migrate' | 'outside-lambda' | 'outside-probe',
  args: readonly string[],
  { input, signals = [], when, env = {} }: CommandOptions = {},
): Promise<CommandRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, `app/src/commands/${program}.ts`), ...args], {
      cwd: root,
      env: { PATH: process.env['PATH'], ...env },
    });
    let [output, errors] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    child.stdin.on('error', () => undefined).end(input);
    void when?.then(() => {
      for (const signal of signals) child.kill(signal);
    });
    child.on('error', reject);
    child.on('close', (exitCode) => {
      resolve({ exitCode, output, errors });
    });
  });
}

export interface ApiProcess {
  readonly pid: number;
  /** Port and metrics port once it listens; rejects with what it said when it ends before. */
  readonly listening: Promise<{ readonly port: number; readonly metricsPort: number }>;
  readonly ended: Promise<{ readonly code: number | null; readonly output: string }>;
  signal(name: NodeJS.Signals): void;
}

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
