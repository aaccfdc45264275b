import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { access, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import pRetry from 'p-retry';
import { Problem } from '../../../app/src/commands/problem.ts';
import { createEngine, engineSettings } from '../../lib/container-engine.ts';
import { runArguments } from '../../lib/container.ts';
import {
  digestOf,
  taskContainer,
  type TaskContainer,
  type TaskDefinition,
  type TaskSettings,
} from './task-definition.ts';

/** What runs a task: the image in a container, or its bundle as a process. */
export type RunnerKind = 'containers' | 'processes';

export interface RunningTask {
  /** What it prints, stdout and stderr. */
  readonly output: readonly Readable[];
  /** Resolves with the reason when it ends, whoever ended it. */
  readonly ended: Promise<string>;
  /** SIGTERM, then SIGKILL after the stop timeout of its definition. Resolves when it is gone. */
  readonly stop: () => Promise<void>;
  /** SIGKILL. */
  readonly kill: () => Promise<void>;
  /** Alive, but answers nothing until it is thawed. */
  readonly freeze: () => Promise<void>;
  readonly thaw: () => Promise<void>;
}

/** Runs tasks as their definition says, as far as the machine can. */
export interface TaskRunner {
  readonly kind: RunnerKind;
  /** Rejects when the image by the definition's digest isn't there, as ECS fails to pull it. */
  readonly start: (definition: TaskDefinition, settings: TaskSettings) => Promise<RunningTask>;
  /** Ends what a killed run left behind. */
  readonly cleanUp: () => Promise<void>;
}

const label = 'movies-api.local-deployment';
/** In the words of ECS. */
const outOfMemory = 'OutOfMemoryError: Container killed due to memory usage';

/**
 * Runs tasks under podman. The image is looked up by the digest of the task definition and never pulled: what runs is what
 * was applied, or nothing.
 *
 * @param home folder of the deployment: the containers are labelled with it, so that a later run finds them
 * @param hasInit whether podman can give them an init process
 */
export function createContainerRunner(home: string, hasInit: boolean): TaskRunner {
  const podman = createEngine('podman');
  const act = async (...args: readonly string[]): Promise<void> => {
    await podman.run(args);
  };
  return {
    kind: 'containers',
    start: async (definition, settings) => {
      const { image, stopTimeout } = definition.container;
      await podman.run(['image', 'exists', image]).catch((error: unknown) => {
        throw new Problem(`CannotPullContainerError: ${image} is not in podman's storage`, String(error));
      });
      const { name } = settings;
      // Its monitor leaves an empty file `oom` where it was started, when the kernel has ended the container for its memory.
      const folder = join(home, 'tasks', name);
      await mkdir(folder, { recursive: true });
      const options = taskContainer(definition, {
        ...settings,
        labels: { ...settings.labels, [label]: home },
        hasInit,
      });
      const child = spawn(
        'podman',
        ['run', '--rm', '--no-healthcheck', '--pull=never', '--sig-proxy=false', ...runArguments(options)],
        {
          cwd: folder,
          env: { ...process.env, ...engineSettings(), ...settings.secrets },
          stdio: ['ignore', 'pipe', 'pipe'],
          // Ctrl-C is for who started this, not for the tasks.
          detached: true,
        },
      );
      const ended = once(child, 'exit').then(async ([code]) => {
        const isOutOfMemory = await access(join(folder, 'oom')).then(
          () => true,
          () => false,
        );
        await rm(folder, { recursive: true, force: true });
        return `exit code ${String(code)}${isOutOfMemory ? `, ${outOfMemory}` : ''}`;
      });
      await once(child, 'spawn');
      return {
        output: [child.stdout, child.stderr],
        ended,
        stop: async () => {
          // A frozen container takes no signal.
          await act('unpause', name).catch(() => undefined);
          await act('stop', '--ignore', '--time', String(stopTimeout), name);
          await ended;
        },
        kill: async () => {
          // A busy podman refuses at times, and a container that is gone meanwhile can't be killed twice.
          let gone = false;
          void ended.then(() => (gone = true));
          const killed = pRetry(() => act('kill', '--signal', 'SIGKILL', name), {
            retries: 5,
            minTimeout: 200,
            shouldRetry: () => !gone,
          });
          await Promise.race([ended, killed]);
          await ended;
        },
        freeze: () => act('pause', name),
        thaw: () => act('unpause', name),
      };
    },
    cleanUp: async () => {
      const left = await podman.run(['ps', '--all', '--quiet', '--filter', `label=${label}=${home}`]);
      if (left !== '') await act('rm', '--force', '--time', '0', ...left.split('\n'));
    },
  };
}

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

/** Where the bundle of a digest (`sha256:…`) is kept. */
const bundlePath = (home: string, digest: string): string => join(home, 'bundles', digest.replace(':', '-'));

/** Keeps a copy of a production bundle under its digest, so that several versions can run side by side. */
export async function keepBundle(dist: string, home: string): Promise<string> {
  const digest = await digestOfBundle(dist);
  const folder = bundlePath(home, digest);
  // Tasks may be running from it.
  if ((await digestOfBundle(folder).catch(() => undefined)) === digest) return digest;
  await rm(folder, { recursive: true, force: true });
  await cp(dist, folder, { recursive: true });
  return digest;
}

/** `sha256:…` of all files by name and content. */
async function digestOfBundle(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
  const hash = createHash('sha256');
  for (const file of files) {
    const content = createHash('sha256').update(await readFile(join(folder, file)));
    hash.update(`${content.digest('hex')}  ${file}\n`);
  }
  return `sha256:${hash.digest('hex')}`;
}
