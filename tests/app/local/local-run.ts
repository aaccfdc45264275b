import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const projectRoot = fileURLToPath(new URL('../../../', import.meta.url));
const patienceMs = 600_000;

export interface LocalRun {
  /** Standard output and standard error so far, without colours. */
  readonly output: () => string;
  /** Waits until the output matches and gives the match. Rejects with the output when it ends before or takes too long. */
  readonly shows: (pattern: RegExp) => Promise<RegExpExecArray>;
  readonly type: (text: string) => void;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** The exit code, when it has ended. */
  readonly ended: Promise<number | null>;
}

const freePorts = ['--port', '0', '--metrics-port', '0', '--issuer-port', '0', '--dynamodb-port', '0'];

/** What `make run` runs, on free ports, as a process of its own. */
export function startRun(dataDir: string, ...more: readonly string[]): LocalRun {
  return startProgram(process.execPath, [
    resolve('app/src/local/main.ts'),
    '--data-dir',
    dataDir,
    ...freePorts,
    ...more,
  ]);
}

/** `make run` on a terminal of its own, where Ctrl-C can be typed. */
export function startMakeRunOnTerminal(dataDir: string): LocalRun {
  const make = `make run ARGS='--data-dir ${dataDir} ${freePorts.join(' ')}'`;
  return startProgram('script', ['--quiet', '--return', '--flush', '--command', make, '/dev/null']);
}

export function startProgram(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): LocalRun {
  const child = spawn(program, args, { cwd: projectRoot, env: { ...process.env, NO_COLOR: '1', ...env } });
  let output = '';
  const onText = (text: Buffer) => {
    output += text.toString();
  };
  child.stdout.on('data', onText);
  child.stderr.on('data', onText);
  const ended = once(child, 'close').then(() => child.exitCode);

  const shows = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const finish = (act: () => void) => {
        clearTimeout(timer);
        child.stdout.off('data', look);
        act();
      };
      const look = () => {
        const match = pattern.exec(output);
        if (match !== null) {
          finish(() => {
            resolve(match);
          });
        }
      };
      const fail = (why: string) => () => {
        finish(() => {
          reject(new Error(`${why} without showing ${String(pattern)}:\n${output}`));
        });
      };
      const timer = setTimeout(fail(`${patienceMs / 1000} s passed`), patienceMs);
      child.stdout.on('data', look);
      void ended.then(fail('It ended'));
      look();
    });

  return {
    output: () => output,
    shows,
    type: (text) => child.stdin.write(text),
    kill: (signal) => child.kill(signal),
    ended,
  };
}
