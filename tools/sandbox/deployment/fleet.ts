import {
  CreateLogStreamCommand,
  PutLogEventsCommand,
  type CloudWatchLogsClient,
} from '@aws-sdk/client-cloudwatch-logs';
import { once } from 'node:events';
import { createWriteStream, mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../../../app/src/local/listen.ts';
import type { HealthCheck } from './applied.ts';
import type { Balancer } from './balancer.ts';
import type { RunningTask, TaskRunner } from './runners.ts';
import type { TaskContainer, TaskDefinition } from './task-definition.ts';

/** Where one task listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly metricsPort: number;
}

export interface Addresses {
  /** A loopback address of the zone's own network that no other task has. */
  readonly claim: (zone: number) => Promise<Address>;
  readonly release: (address: Address) => void;
}

/**
 * Each task has an address of its own, as on AWS, and listens on the ports of its task definition: 127.<network>.<zone>.<task>
 * is loopback on Linux. Elsewhere all share 127.0.0.1 and get free ports.
 *
 * @param network 1 to 254; deployments on one machine take different ones
 */
export function createAddresses(network: number, ports: { port: number; metricsPort: number }): Addresses {
  const taken = new Set<string>();
  const claim = async (zone: number): Promise<Address> => {
    for (let task = 1; task < 255; task += 1) {
      const host = `127.${network}.${zone + 1}.${task}`;
      if (taken.has(host)) continue;
      taken.add(host);
      if ((await isFree(host, ports.port)) && (await isFree(host, ports.metricsPort)))
        return { host, ...ports };
      taken.delete(host);
      if (!(await isFree(host, 0))) break;
    }
    const [port, metricsPort] = [await freePort(), await freePort()];
    return { host: '127.0.0.1', port, metricsPort };
  };
  return { claim, release: ({ host }) => taken.delete(host) };
}

async function isFree(host: string, port: number): Promise<boolean> {
  return (await listen(host, port)) !== undefined;
}

/** The port that could be listened on, or nothing. */
async function listen(host: string, port: number): Promise<number | undefined> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
    const address = server.address();
    return address === null || typeof address === 'string' ? undefined : address.port;
  } catch {
    return undefined;
  } finally {
    server.close();
  }
}

/** Times in ms since 1970. */
export interface Task {
  readonly id: string;
  readonly deployment: string;
  readonly definition: TaskDefinition;
  readonly zone: string;
  readonly address: Address;
  readonly status: 'PENDING' | 'RUNNING' | 'DEACTIVATING' | 'STOPPED';
  readonly health: 'starting' | 'healthy' | 'unhealthy';
  readonly startedAt: number;
  readonly healthyAt: number | undefined;
  readonly stoppedAt: number | undefined;
  readonly reason: string | undefined;
  /** See `ServerStatus`. */
  readonly repeated: number;
}

export interface Launch {
  readonly id: string;
  readonly deployment: string;
  readonly definition: TaskDefinition;
  readonly zone: string;
  readonly address: Address;
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
  /** How long it may take until it answers its first health check. */
  readonly graceSeconds: number;
}

export interface FleetOptions {
  readonly runner: TaskRunner;
  readonly balancer: Balancer;
  readonly healthCheck: HealthCheck;
  readonly addresses: Addresses;
  readonly logs: TaskLogs;
  readonly now: () => number;
  /** A task ended or never got healthy, and nobody had told it to stop. */
  readonly onFailure: (task: Task) => void;
  readonly onHealthy: (task: Task) => void;
}

/** The tasks of a service, from start to stop: started, registered, watched, drained, stopped. */
export interface Fleet {
  readonly tasks: () => readonly Task[];
  readonly launch: (launch: Launch) => Promise<void>;
  /** Deregisters it, waits until it has answered, then SIGTERM. */
  readonly stop: (id: string, reason: string) => Promise<void>;
  /** SIGTERM with the load balancer none the wiser, as a Spot interruption: the task stays a target until it is gone. */
  readonly interrupt: (id: string) => void;
  /** Takes over what the load balancer's checks say. */
  readonly observe: () => Promise<void>;
  /** The process or container of a task, to do it harm. */
  readonly running: (id: string) => RunningTask | undefined;
  readonly stopAll: () => Promise<void>;
}

const keptStopped = 20;
const askEveryMs = 300;

export function createFleet(options: FleetOptions): Fleet {
  const { runner, balancer, healthCheck, addresses, logs, now, onFailure, onHealthy } = options;
  const tasks = new Map<string, Task>();
  const running = new Map<string, RunningTask>();

  const change = (id: string, changes: Partial<Task>): Task | undefined => {
    const task = tasks.get(id);
    const changed = task && { ...task, ...changes };
    if (changed) tasks.set(id, changed);
    return changed;
  };
  const isWanted = (id: string): boolean => ['PENDING', 'RUNNING'].includes(tasks.get(id)?.status ?? '');

  const end = async (id: string, reason: string): Promise<void> => {
    const failed = isWanted(id);
    const wasRegistered = tasks.get(id)?.healthyAt !== undefined;
    const task = change(id, { status: 'STOPPED', stoppedAt: now(), ...(failed ? { reason } : {}) });
    running.delete(id);
    if (task && failed) onFailure(task);
    if (wasRegistered) await balancer.remove(id);
    if (task) addresses.release(task.address);
    const stopped = [...tasks.values()].filter(({ status }) => status === 'STOPPED');
    stopped.slice(0, -keptStopped).forEach((old) => tasks.delete(old.id));
  };

  /** The first check is made here, at once: a target that has never answered gets no request. */
  const awaitHealth = async ({ id, address, graceSeconds }: Launch): Promise<void> => {
    const deadline = now() + graceSeconds * 1000;
    const url = `http://${address.host}:${address.port}${healthCheck.path}`;
    while (isWanted(id) && now() < deadline) {
      if (await answers(url, healthCheck.timeout)) break;
      await pause(askEveryMs);
    }
    if (!isWanted(id)) return;
    if (now() >= deadline) {
      const task = change(id, { status: 'DEACTIVATING', reason: 'Task failed to become healthy in time' });
      if (task) onFailure(task);
      await running.get(id)?.stop();
      return;
    }
    await balancer.add(id, address.host, address.port);
    const task = change(id, { status: 'RUNNING', health: 'healthy', healthyAt: now() });
    if (task) onHealthy(task);
  };

  return {
    tasks: () => [...tasks.values()],
    running: (id) => running.get(id),
    launch: async (launch) => {
      const { id, deployment, definition, zone, address, environment, secrets } = launch;
      const blank = { healthyAt: undefined, stoppedAt: undefined, reason: undefined, repeated: 0 };
      const about = { id, deployment, definition, zone, address, startedAt: now() };
      tasks.set(id, { ...about, ...blank, status: 'PENDING', health: 'starting' });
      try {
        const labels = { 'movies-api.zone': zone, 'movies-api.task': id };
        const task = await runner.start(definition, { name: `task-${id}`, environment, secrets, labels });
        running.set(id, task);
        logs.follow(id, definition.container, task.output);
        void task.ended.then((reason) => end(id, `Essential container in task exited: ${reason}`));
        void awaitHealth(launch);
      } catch (error) {
        await end(id, String(error));
      }
    },
    stop: async (id, reason) => {
      if (!isWanted(id)) return;
      const wasRegistered = tasks.get(id)?.healthyAt !== undefined;
      change(id, { status: 'DEACTIVATING', reason });
      if (wasRegistered) await balancer.drain(id);
      await running.get(id)?.stop();
    },
    interrupt: (id) => {
      if (!isWanted(id)) return;
      change(id, { status: 'DEACTIVATING', reason: 'Your Spot Task was interrupted.' });
      void running.get(id)?.stop();
    },
    observe: async () => {
      for (const { name, status, repeated } of await balancer.targets()) {
        change(name, { repeated });
        if (isWanted(name)) change(name, { health: status.startsWith('DOWN') ? 'unhealthy' : 'healthy' });
      }
    },
    stopAll: async () => {
      await Promise.all(
        [...running].map(async ([id, task]) => {
          change(id, { status: 'DEACTIVATING', reason: 'The local deployment is stopped' });
          await task.stop();
        }),
      );
    },
  };
}

const answers = (url: string, timeoutSeconds: number): Promise<boolean> =>
  fetch(url, { signal: AbortSignal.timeout(timeoutSeconds * 1000) }).then(
    (response) => response.ok,
    () => false,
  );

const sendEveryMs = 1_000;
/** Of one call (https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html: 10,000). */
const linesPerCall = 1_000;
/** What waits in memory when the log doesn't keep up; the oldest go, as with `mode = non-blocking`. */
const linesKept = 20_000;

export interface TaskLogs {
  /** Writes what a task prints to `<folder>/<task>.jsonl`, and to the log group that its definition names. */
  readonly follow: (task: string, container: TaskContainer, output: readonly Readable[]) => void;
  /** Sends what is left. */
  readonly stop: () => Promise<void>;
}

export function createTaskLogs(
  client: CloudWatchLogsClient,
  folder: string,
  say: (line: string) => void,
): TaskLogs {
  mkdirSync(folder, { recursive: true });
  const senders: (() => Promise<void>)[] = [];
  const send = async (): Promise<void> => {
    await Promise.all(senders.map((sendOne) => sendOne()));
  };
  const timer = setInterval(() => {
    void send().catch((error: unknown) => {
      say(`log lines were not taken: ${String(error)}`);
    });
  }, sendEveryMs);

  return {
    follow: (task, { name, log }, output) => {
      const file = createWriteStream(join(folder, `${task}.jsonl`), { flags: 'a' });
      const waiting: { timestamp: number; message: string }[] = [];
      output.forEach((stream) => {
        createInterface({ input: stream }).on('line', (message) => {
          file.write(`${message}\n`);
          waiting.push({ timestamp: Date.now(), message });
          if (waiting.length > linesKept) waiting.shift();
        });
      });
      if (log)
        senders.push(
          createSender(
            client,
            { logGroupName: log.group, logStreamName: `${log.streamPrefix}/${name}/${task}` },
            waiting,
          ),
        );
    },
    stop: async () => {
      clearInterval(timer);
      await send().catch(() => undefined);
    },
  };
}

/** One call at a time; what isn't taken stays in the queue. */
function createSender(
  client: CloudWatchLogsClient,
  stream: { logGroupName: string; logStreamName: string },
  waiting: { timestamp: number; message: string }[],
): () => Promise<void> {
  let exists = false;
  let isSending = false;
  return async () => {
    if (isSending || waiting.length === 0) return;
    isSending = true;
    try {
      if (!exists) await client.send(new CreateLogStreamCommand(stream));
      exists = true;
      const logEvents = waiting.splice(0, linesPerCall);
      await client.send(new PutLogEventsCommand({ ...stream, logEvents })).catch((error: unknown) => {
        waiting.unshift(...logEvents);
        throw error;
      });
    } finally {
      isSending = false;
    }
  };
}
