import type { ContainerOptions } from '../../lib/container.ts';
import type { TaskDefinition } from './task-definition.ts';

export interface TaskSettings {
  readonly name: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

export interface ContainerSettings extends TaskSettings {
  /** Whether the engine can give it an init process. */
  readonly hasInit: boolean;
}

/**
 * A task definition as options of a container: the very image by its digest, and everything that it says of user, root,
 * capabilities, limits, command and stopping. On the network of the machine, where each task has an address of its own.
 */
export function taskContainer(
  { container, cpus, memory }: TaskDefinition,
  { name, environment, secrets, labels, hasInit }: ContainerSettings,
): ContainerOptions {
  return {
    name,
    image: container.image,
    environment: { ...container.environment, ...environment },
    secrets,
    labels,
    hostNetwork: true,
    memory,
    cpus,
    ...(container.user === undefined ? {} : { user: container.user }),
    readOnlyRoot: container.readOnlyRoot,
    tmpfs: container.writable,
    unprivileged: container.dropsAllCapabilities,
    initProcess: container.initProcess && hasInit,
    stopTimeout: container.stopTimeout,
    ...(container.entryPoint === undefined ? {} : { entryPoint: container.entryPoint }),
    ...(container.command === undefined ? {} : { command: container.command }),
  };
}
