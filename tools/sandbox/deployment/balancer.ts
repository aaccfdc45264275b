import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Problem } from '../../../app/src/commands/problem.ts';
import { backend, haproxyConfig, serverSettings } from './haproxy-config.ts';
import { command, readServers, type ServerStatus } from './haproxy-runtime.ts';
import type { LoadBalancerDefinition } from './load-balancer-definition.ts';

const startWithinMs = 20_000;
const lookMs = 200;

/** A load balancer whose targets come and go while it runs. */
export interface Balancer {
  readonly url: string;
  readonly pid: number;
  /** Sends requests to a task from now on, and checks its health. */
  readonly add: (task: string, host: string, port: number) => Promise<void>;
  /** Sends nothing new; resolves when the task has answered everything, or when the deregistration delay is over. */
  readonly drain: (task: string) => Promise<void>;
  readonly remove: (task: string) => Promise<void>;
  readonly targets: () => Promise<readonly ServerStatus[]>;
  /** Resolves with why it ended by itself. */
  readonly died: Promise<Problem>;
  readonly stop: () => Promise<void>;
}

/** Starts HAProxy on loopback. Its targets are added through its runtime API, so no connection is ever cut for a change. */
export async function startBalancer(
  definition: LoadBalancerDefinition,
  { port, logFile }: { readonly port: number; readonly logFile: string },
): Promise<Balancer> {
  // Not in the project: the path of a socket has 107 characters at most.
  const folder = await mkdtemp(join(tmpdir(), 'balancer-'));
  const socket = join(folder, 'runtime.sock');
  const configuration = join(folder, 'haproxy.cfg');
  await writeFile(configuration, haproxyConfig(definition, { port, socket }));
  const log = await open(logFile, 'w');
  const child = spawn('haproxy', ['-db', '-f', configuration], {
    stdio: ['ignore', log.fd, log.fd],
    detached: true,
  });
  await once(child, 'spawn').catch((error: unknown) => {
    throw new Problem(`HAProxy can't be started: ${String(error)}`, 'sudo apt-get install haproxy');
  });
  await log.close();
  const exited = once(child, 'exit');
  const ended = exited.then(() => new Problem('HAProxy ended by itself.', `Its log: ${logFile}`));
  const say = (line: string): Promise<string> => command(socket, line);
  const server = (task: string): string => `${backend}/${task}`;
  const targets = async (): Promise<readonly ServerStatus[]> => readServers(await say('show stat'), backend);
  const isThere = (): boolean => child.exitCode === null && child.signalCode === null;

  const deadline = Date.now() + startWithinMs;
  while (!(await say('show info').then(Boolean, () => false))) {
    if (!isThere() || Date.now() > deadline)
      throw new Problem('HAProxy does not start.', `Its log says why: ${logFile}`);
    await pause(lookMs);
  }

  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    targets,
    died: ended,
    add: async (task, host, taskPort) => {
      const added = await say(
        `add server ${server(task)} ${host}:${taskPort} ${serverSettings(definition.targetGroup)}`,
      );
      if (!added.includes('registered'))
        throw new Problem(`HAProxy refuses ${task}: ${added}`, `See ${logFile}.`);
      await say(`enable health ${server(task)}`);
      await say(`enable server ${server(task)}`);
    },
    drain: async (task) => {
      await say(`set server ${server(task)} state drain`);
      const until = Date.now() + definition.targetGroup.deregistrationDelay * 1000;
      const isBusy = async (): Promise<boolean> =>
        (await targets()).some(({ name, sessions }) => name === task && sessions > 0);
      while (Date.now() < until && (await isBusy())) await pause(lookMs);
    },
    remove: async (task) => {
      await say(`set server ${server(task)} state maint`);
      // Refused while a request of it is still being repeated elsewhere.
      const until = Date.now() + startWithinMs;
      while (!/deleted|No such server/i.test(await say(`del server ${server(task)}`)) && Date.now() < until) {
        await pause(lookMs);
      }
    },
    stop: async () => {
      if (isThere()) child.kill('SIGTERM');
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
