import {
  DeregisterTaskDefinitionCommand,
  DescribeTaskDefinitionCommand,
  paginateListTaskDefinitions,
  type ECSClient,
} from '@aws-sdk/client-ecs';
import { isRevision } from './revise.ts';

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
