import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Problem } from '../../../app/src/commands/problem.ts';
import { bundlePath, digestOfBundle } from './bundles.ts';
import { digestOf, type TaskContainer } from './task-definition.ts';
import type { TaskRunner } from './task-runner.ts';

const run = promisify(execFile);
/** Where the image has the bundle. */
const imageFolder = '/app/';

/**
 * Runs tasks as processes, where there is no podman: the production bundle whose digest the task definition names.
 *
 * @param home folder of the deployment; its bundles are in `bundles`
 */
export function createProcessRunner(home: string): TaskRunner {
  const records = join(home, 'processes');
  return {
    kind: 'processes',
    start: async ({ container }, { name, environment, secrets }) => {
      const folder = await findBundle(home, container.image);
      const child = spawn(process.execPath, programArguments(container, folder), {
        cwd: folder,
        env: { PATH: process.env['PATH'], ...container.environment, ...environment, ...secrets },
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      });
      const ended = once(child, 'exit').then(([code, signal]) => `exit code ${String(code ?? signal)}`);
      await once(child, 'spawn');
      const record = join(records, name);
      await mkdir(records, { recursive: true });
      await writeFile(record, String(child.pid));
      void ended.then(() => rm(record, { force: true }));
      const signal = (which: NodeJS.Signals): Promise<void> => {
        child.kill(which);
        return Promise.resolve();
      };
      return {
        output: [child.stdout, child.stderr],
        ended,
        stop: async () => {
          child.kill('SIGTERM');
          const timer = setTimeout(() => child.kill('SIGKILL'), container.stopTimeout * 1000);
          await ended;
          clearTimeout(timer);
        },
        kill: async () => {
          child.kill('SIGKILL');
          await ended;
        },
        freeze: () => signal('SIGSTOP'),
        thaw: () => signal('SIGCONT'),
      };
    },
    cleanUp: () => endRecorded(records),
  };
}

async function findBundle(home: string, image: string): Promise<string> {
  const digest = digestOf(image);
  const folder = bundlePath(home, digest);
  const actual = await digestOfBundle(folder).catch(() => 'not there');
  if (actual !== digest)
    throw new Problem(
      `CannotPullContainerError: the bundle ${digest} is ${actual}`,
      'make deploy-local builds and deploys one.',
    );
  return folder;
}

/** The command of the image or of the definition, with the image's folder replaced by the bundle's. */
const programArguments = ({ command = [`${imageFolder}main.js`] }: TaskContainer, folder: string): string[] =>
  command.map((word) => (word.startsWith(imageFolder) ? join(folder, word.slice(imageFolder.length)) : word));

/** Ends what is still recorded, unless the process id has since become another program's. */
async function endRecorded(records: string): Promise<void> {
  const names = await readdir(records).catch(() => []);
  for (const name of names) {
    const pid = Number(await readFile(join(records, name), 'utf8'));
    const { stdout } = await run('ps', ['-o', 'args=', '-p', String(pid)]).catch(() => ({ stdout: '' }));
    if (stdout.includes(join(records, '..', 'bundles'))) process.kill(pid, 'SIGKILL');
    await rm(join(records, name), { force: true });
  }
}
