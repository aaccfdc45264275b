import { type ContainerDefinition, DescribeTaskDefinitionCommand, type ECSClient } from '@aws-sdk/client-ecs';
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { Problem } from '../../../app/src/commands/problem.ts';
import type { ContainerOptions } from '../../lib/container.ts';

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

/** Where a secret is, as `valueFrom` of a container definition says it. */
export interface SecretReference {
  readonly arn: string;
  readonly jsonKey: string | undefined;
  readonly stage: string | undefined;
  readonly version: string | undefined;
}

/**
 * `arn:aws:secretsmanager:<region>:<account>:secret:<name>[:<json key>:<stage>:<version>]`
 * (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html)
 */
export function readReference(valueFrom: string): SecretReference {
  const parts = valueFrom.split(':');
  const [jsonKey, stage, version] = parts.slice(7).map((part) => (part === '' ? undefined : part));
  return { arn: parts.slice(0, 7).join(':'), jsonKey, stage, version };
}

/** The values of secrets by variable. Rejects with the variable's name, never with a value. */
export async function readSecrets(
  client: SecretsManagerClient,
  references: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  const values = Object.entries(references).map(async ([variable, valueFrom]) => {
    const { arn, jsonKey, stage, version } = readReference(valueFrom);
    const { SecretString: secret } = await client.send(
      new GetSecretValueCommand({ SecretId: arn, VersionId: version, VersionStage: stage }),
    );
    const value = secret !== undefined && jsonKey !== undefined ? field(secret, jsonKey) : secret;
    if (value === undefined)
      throw new Problem(`The secret of ${variable} has no value.`, `See ${arn} in the account.`);
    return [variable, value] as const;
  });
  return Object.fromEntries(await Promise.all(values));
}

function field(secret: string, key: string): string | undefined {
  const values: unknown = JSON.parse(secret);
  const value: unknown = typeof values === 'object' && values !== null ? Reflect.get(values, key) : undefined;
  return typeof value === 'string' ? value : undefined;
}

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
