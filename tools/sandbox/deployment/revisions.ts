import {
  DeregisterTaskDefinitionCommand,
  DescribeTaskDefinitionCommand,
  type ECSClient,
  paginateListTaskDefinitions,
  RegisterTaskDefinitionCommand,
  type RegisterTaskDefinitionCommandInput,
  type Tag,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import { Problem } from '../../../app/src/commands/problem.ts';
import { readService } from './applied.ts';

export interface Revision {
  /** Set, or with an empty value taken out. */
  readonly environment?: Readonly<Record<string, string>>;
  /** By digest. */
  readonly image?: string;
}

/** What tells a revision of ours from what Terraform registered. */
const mark: Tag = { key: 'registered-by', value: 'drill' };
export const isRevision = (tags: readonly Tag[] = []): boolean =>
  tags.some(({ key, value }) => key === mark.key && value === mark.value);

/**
 * Deploys a changed copy of the task definition that runs, as a release outside of Terraform would: registers it and
 * updates the service. Resolves with its ARN; the rollout goes on after that.
 */
export async function deployRevision(
  ecs: ECSClient,
  { cluster, service: name }: { readonly cluster: string; readonly service: string },
  { environment = {}, image }: Revision,
): Promise<string> {
  const service = await readService(ecs, cluster, name);
  const running = await ecs.send(
    new DescribeTaskDefinitionCommand({ taskDefinition: service.taskDefinition }),
  );
  const { family, containerDefinitions = [], ...rest } = running.taskDefinition ?? {};
  const changed = containerDefinitions.map((container) => {
    if (container.name !== service.loadBalancer.containerName) return container;
    const kept = container.environment?.filter(({ name: variable = '' }) => !(variable in environment)) ?? [];
    const set = Object.entries(environment).filter(([, value]) => value !== '');
    return {
      ...container,
      environment: [...kept, ...set.map(([variable, value]) => ({ name: variable, value }))],
      ...(image === undefined ? {} : { image }),
    };
  });
  const { taskRoleArn, executionRoleArn, networkMode, cpu, memory, runtimePlatform } = rest;
  const input: RegisterTaskDefinitionCommandInput = {
    family,
    containerDefinitions: changed,
    taskRoleArn,
    executionRoleArn,
    networkMode,
    cpu,
    memory,
    runtimePlatform,
    requiresCompatibilities: ['FARGATE'],
    tags: [mark],
  };
  const { taskDefinition } = await ecs.send(new RegisterTaskDefinitionCommand(input));
  const arn = taskDefinition?.taskDefinitionArn;
  if (arn === undefined) throw new Problem('The task definition was not registered.', 'See the emulator.');
  await ecs.send(new UpdateServiceCommand({ cluster, service: name, taskDefinition: arn }));
  return arn;
}

/** Deregisters what `deployRevision` registered: no Terraform state knows of it, so no destroy would take it away. */
export async function forgetRevisions(ecs: ECSClient): Promise<void> {
  for await (const { taskDefinitionArns = [] } of paginateListTaskDefinitions(
    { client: ecs },
    { status: 'ACTIVE' },
  )) {
    for (const taskDefinition of taskDefinitionArns) {
      const { tags } = await ecs.send(
        new DescribeTaskDefinitionCommand({ taskDefinition, include: ['TAGS'] }),
      );
      if (isRevision(tags)) await ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition }));
    }
  }
}
