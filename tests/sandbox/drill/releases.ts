import { UpdateServiceCommand } from '@aws-sdk/client-ecs';
import { deployRevision } from '../../../tools/sandbox/deployment/revisions.ts';
import { askEcs } from '../../deployed/aws.ts';
import type { Deployment } from '../../deployed/deployment.ts';

/** Deploys what runs with other settings (an empty one is taken out), and resolves with the ARN of its definition. */
export const releaseWith = (
  deployment: Deployment,
  environment: Readonly<Record<string, string>>,
): Promise<string> => askEcs(deployment, (ecs) => deployRevision(ecs, namesOf(deployment), { environment }));

/** Asks for a task definition, as an apply does. */
export const release = (deployment: Deployment, taskDefinition: string): Promise<unknown> =>
  askEcs(deployment, (ecs) => ecs.send(new UpdateServiceCommand({ ...namesOf(deployment), taskDefinition })));

/** Asks for another number of tasks, as the autoscaler does. */
export const scaleTo = (deployment: Deployment, desiredCount: number): Promise<unknown> =>
  askEcs(deployment, (ecs) => ecs.send(new UpdateServiceCommand({ ...namesOf(deployment), desiredCount })));

const namesOf = ({ outputs: { clusterName: cluster, serviceName: service } }: Deployment) => ({
  cluster,
  service,
});
