import { DescribeTaskDefinitionCommand, type ContainerDefinition, type ECSClient } from '@aws-sdk/client-ecs';
import { Problem } from '../../../app/src/commands/problem.ts';

/** A task definition, as far as running its serving container on one machine goes. Times in seconds, memory in MiB. */
export interface TaskDefinition {
  readonly arn: string;
  /** Of the whole task. */
  readonly cpus: number;
  readonly memory: number;
  readonly architecture: string;
  /** The container that the load balancer sends requests to. */
  readonly container: TaskContainer;
  /** Further containers of the task, by name. */
  readonly sidecars: readonly string[];
}

export interface TaskContainer {
  readonly name: string;
  /** `…@sha256:…` */
  readonly image: string;
  readonly environment: Readonly<Record<string, string>>;
  /** ARN of the secret, with JSON key, stage and version if they matter, by variable. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly user: string | undefined;
  readonly readOnlyRoot: boolean;
  readonly dropsAllCapabilities: boolean;
  readonly initProcess: boolean;
  /** Paths that can be written to: volumes without a source, and tmpfs mounts. */
  readonly writable: readonly string[];
  readonly entryPoint: readonly string[] | undefined;
  readonly command: readonly string[] | undefined;
  readonly stopTimeout: number;
  readonly log: { readonly group: string; readonly streamPrefix: string } | undefined;
}

/** What ECS waits between SIGTERM and SIGKILL by default. */
const defaultStopTimeout = 30;

export async function readTaskDefinition(
  ecs: ECSClient,
  arn: string,
  containerName: string,
): Promise<TaskDefinition> {
  const { taskDefinition } = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: arn }));
  const containers = taskDefinition?.containerDefinitions ?? [];
  const serving = containers.find(({ name }) => name === containerName);
  if (!taskDefinition || !serving)
    throw new Problem(
      `The task definition ${arn} has no container ${containerName}.`,
      'See terraform/task.tf.',
    );
  return {
    arn: taskDefinition.taskDefinitionArn ?? arn,
    cpus: Number(taskDefinition.cpu ?? 256) / 1024,
    memory: Number(taskDefinition.memory ?? 512),
    architecture: taskDefinition.runtimePlatform?.cpuArchitecture ?? 'X86_64',
    container: toContainer(serving),
    sidecars: containers.filter((one) => one !== serving).map(({ name = '' }) => name),
  };
}

export function toContainer(definition: ContainerDefinition): TaskContainer {
  const { logConfiguration, linuxParameters, mountPoints = [] } = definition;
  const { 'awslogs-group': group, 'awslogs-stream-prefix': streamPrefix } = logConfiguration?.options ?? {};
  const mounts = mountPoints
    .filter(({ readOnly }) => readOnly !== true)
    .map(({ containerPath }) => containerPath);
  const tmpfs = linuxParameters?.tmpfs?.map(({ containerPath }) => containerPath) ?? [];
  return {
    name: definition.name ?? '',
    image: definition.image ?? '',
    environment: pairs(definition.environment?.map(({ name, value }) => [name, value])),
    secrets: pairs(definition.secrets?.map(({ name, valueFrom }) => [name, valueFrom])),
    user: definition.user,
    readOnlyRoot: definition.readonlyRootFilesystem ?? false,
    dropsAllCapabilities: linuxParameters?.capabilities?.drop?.includes('ALL') ?? false,
    initProcess: linuxParameters?.initProcessEnabled ?? false,
    writable: [...mounts, ...tmpfs].filter((path) => path !== undefined),
    entryPoint: definition.entryPoint,
    command: definition.command,
    stopTimeout: definition.stopTimeout ?? defaultStopTimeout,
    log: group === undefined ? undefined : { group, streamPrefix: streamPrefix ?? 'ecs' },
  };
}

const pairs = (
  entries: readonly (readonly [string | undefined, string | undefined])[] = [],
): Readonly<Record<string, string>> =>
  Object.fromEntries(entries.map(([name = '', value = '']) => [name, value]));

/** The digest that an image is named by. Throws when it is named by a tag. */
export function digestOf(image: string): string {
  const digest = /@(sha256:[0-9a-f]{64})$/.exec(image)?.[1];
  if (digest === undefined)
    throw new Problem(`${image} is not named by digest.`, 'Deploy an image by its digest.');
  return digest;
}
