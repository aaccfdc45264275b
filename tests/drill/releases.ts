import {
  DescribeTaskDefinitionCommand,
  RegisterTaskDefinitionCommand,
  UpdateServiceCommand,
  type RegisterTaskDefinitionCommandInput,
} from '@aws-sdk/client-ecs';
import { askEcs } from '../deployed/aws.ts';
import type { Deployment } from '../deployed/deployment.ts';

/** Registers a revision of what is meant to run, with other settings, and resolves with its ARN. `undefined` takes one away. */
export async function registerRevision(
  deployment: Deployment,
  settings: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  return askEcs(deployment, async (ecs) => {
    const { taskDefinition } = await ecs.send(
      new DescribeTaskDefinitionCommand({ taskDefinition: deployment.outputs.taskDefinitionArn }),
    );
    if (!taskDefinition) throw new Error('the task definition that is meant to run is gone');
    const { family, cpu, memory, networkMode, executionRoleArn, taskRoleArn, runtimePlatform, volumes } =
      taskDefinition;
    const containerDefinitions = (taskDefinition.containerDefinitions ?? []).map((container) => {
      const environment = new Map(
        (container.environment ?? []).map(({ name, value }) => [name ?? '', value]),
      );
      Object.entries(settings).forEach(([name, value]) => environment.set(name, value));
      const kept = [...environment].filter(([, value]) => value !== undefined);
      return { ...container, environment: kept.map(([name, value]) => ({ name, value })) };
    });
    const revision: RegisterTaskDefinitionCommandInput = {
      family,
      cpu,
      memory,
      networkMode,
      executionRoleArn,
      taskRoleArn,
      runtimePlatform,
      volumes,
      requiresCompatibilities: taskDefinition.requiresCompatibilities,
      containerDefinitions,
    };
    const registered = await ecs.send(new RegisterTaskDefinitionCommand(revision));
    return registered.taskDefinition?.taskDefinitionArn ?? '';
  });
}

/** Asks for another task definition, as an apply does. */
export const release = (deployment: Deployment, taskDefinition: string): Promise<unknown> =>
  update(deployment, { taskDefinition });

/** Asks for another number of tasks, as the autoscaler does. */
export const scaleTo = (deployment: Deployment, desiredCount: number): Promise<unknown> =>
  update(deployment, { desiredCount });

function update(
  deployment: Deployment,
  change: { taskDefinition?: string; desiredCount?: number },
): Promise<unknown> {
  const { clusterName: cluster, serviceName: service } = deployment.outputs;
  return askEcs(deployment, (ecs) => ecs.send(new UpdateServiceCommand({ cluster, service, ...change })));
}
