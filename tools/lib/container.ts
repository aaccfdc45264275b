import type { Engine } from './container-engine.ts';

/** What a task definition says of a container. Memory in MiB, times in seconds. */
export interface ContainerOptions {
  readonly image: string;
  readonly name?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Reach the container as environment too, but never the command line, where every process could read them. */
  readonly secrets?: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly readOnlyRoot?: boolean;
  /** Writable folders in memory, such as `/tmp`. */
  readonly tmpfs?: readonly string[];
  readonly entryPoint?: readonly string[];
  readonly command?: readonly string[];
  readonly memory?: number;
  readonly cpus?: number;
  readonly maxProcesses?: number;
  /** Drops every capability and forbids gaining any. */
  readonly unprivileged?: boolean;
  readonly initProcess?: boolean;
  readonly stopTimeout?: number;
  /** Ports of the container, each published on a free port of 127.0.0.1 (or on the one given). */
  readonly ports?: readonly { readonly container: number; readonly host?: number }[];
  readonly hostNetwork?: boolean;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface Container {
  readonly id: string;
  /** The port of 127.0.0.1 that a port of the container is published on. */
  readonly hostPort: (containerPort: number) => Promise<number>;
  /** Of its first process, as this machine counts them. */
  readonly pid: () => Promise<number>;
  /** What it printed, stdout first, then stderr. */
  readonly logs: () => Promise<string>;
  /** SIGTERM, then SIGKILL after the stop timeout. Resolves with the exit code. */
  readonly stop: () => Promise<number>;
  readonly kill: (signal?: string) => Promise<void>;
  readonly wait: () => Promise<number>;
  /** Runs a program in it and resolves with what it printed; rejects when it fails or isn't there. */
  readonly exec: (command: readonly string[]) => Promise<string>;
  /** Runs the image's HEALTHCHECK once. Rejects when it says unhealthy. */
  readonly checkHealth: () => Promise<void>;
  /** Removes it, running or not. Resolves when it is gone already. */
  readonly remove: () => Promise<void>;
}

/** Starts a container with podman (or docker: the same command line). Rejects when it can't be started. */
export async function runContainer(engine: Engine, options: ContainerOptions): Promise<Container> {
  const id = await engine.run(['run', '--detach', ...runArguments(options)], options.secrets);
  const stopTimeout = String(options.stopTimeout ?? 30);
  const act = async (...args: string[]): Promise<void> => {
    await engine.run(args);
  };
  const inspect = async (field: string): Promise<number> =>
    Number(await engine.run(['inspect', '--format', `{{.State.${field}}}`, id]));

  return {
    id,
    hostPort: async (containerPort) => {
      const published = await engine.run(['port', id, `${containerPort}/tcp`]);
      return Number(published.split(':').at(-1));
    },
    pid: () => inspect('Pid'),
    logs: () => engine.runForAll(['logs', id]),
    stop: async () => {
      await act('stop', '--time', stopTimeout, id);
      return inspect('ExitCode');
    },
    kill: (signal = 'SIGKILL') => act('kill', '--signal', signal, id),
    wait: async () => Number(await engine.run(['wait', id])),
    exec: (command) => engine.run(['exec', id, ...command]),
    checkHealth: () => act('healthcheck', 'run', id),
    remove: () => act('rm', '--force', '--time', '0', '--ignore', id),
  };
}

/** The arguments of `podman run`, image and command last. */
export function runArguments(options: ContainerOptions): string[] {
  const { environment = {}, secrets = {}, labels = {}, tmpfs = [], ports = [], command = [] } = options;
  return [
    ...option('--name', options.name),
    ...Object.entries(environment).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
    ...Object.keys(secrets).flatMap((name) => ['--env', name]),
    ...Object.entries(labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]),
    ...option('--user', options.user),
    ...flag('--read-only', options.readOnlyRoot),
    // podman would mount writable folders of its own otherwise, which ECS doesn't
    ...flag('--read-only-tmpfs=false', options.readOnlyRoot),
    ...tmpfs.flatMap((folder) => ['--tmpfs', `${folder}:rw,noexec,nosuid,nodev,size=64m`]),
    ...option('--memory', options.memory === undefined ? undefined : `${options.memory}m`),
    ...option('--cpus', options.cpus),
    ...option('--pids-limit', options.maxProcesses),
    ...flag('--cap-drop=all', options.unprivileged),
    ...flag('--security-opt=no-new-privileges', options.unprivileged),
    ...flag('--init', options.initProcess),
    ...option('--stop-timeout', options.stopTimeout),
    ...flag('--network=host', options.hostNetwork),
    ...ports.flatMap(({ container, host }) => ['--publish', `127.0.0.1:${host ?? ''}:${container}`]),
    ...(options.entryPoint === undefined ? [] : ['--entrypoint', JSON.stringify(options.entryPoint)]),
    options.image,
    ...command,
  ];
}

const option = (name: string, value: string | number | undefined): string[] =>
  value === undefined ? [] : [name, String(value)];
const flag = (name: string, wanted = false): string[] => (wanted ? [name] : []);
