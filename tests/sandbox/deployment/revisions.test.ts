import {
  CreateClusterCommand,
  CreateServiceCommand,
  ListTaskDefinitionsCommand,
  RegisterTaskDefinitionCommand,
} from '@aws-sdk/client-ecs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createAwsClients, type AwsClients } from '../../../tools/sandbox/deployment/applied.ts';
import { forgetRevisions } from '../../../tools/sandbox/deployment/revisions.ts';
import { deployRevision } from '../../../tools/sandbox/deployment/revisions.ts';
import { type Emulator, startEmulator } from '../../../tools/sandbox/emulator.ts';
import { describeWith, program } from '../../support/requirements.ts';

describeWith(
  [program('python3', 'install Python 3.10 or newer')],
  'a revision that a drill rolled out',
  () => {
    let emulator: Emulator;
    let aws: AwsClients;

    beforeAll(async () => {
      emulator = await startEmulator(0);
      aws = createAwsClients(emulator.url, 'eu-west-1');
    });

    afterAll(async () => {
      aws.destroy();
      await emulator.stop();
    });

    test('is forgotten at the end, and what was applied is not', async () => {
      const { ecs } = aws;
      const [cluster, service] = ['cluster', 'service'];
      await ecs.send(new CreateClusterCommand({ clusterName: cluster }));
      const { taskDefinition: applied } = await ecs.send(
        new RegisterTaskDefinitionCommand({
          family: 'movies',
          containerDefinitions: [{ name: 'api', image: 'one', memory: 128 }],
        }),
      );
      await ecs.send(
        new CreateServiceCommand({
          cluster,
          serviceName: service,
          taskDefinition: applied?.taskDefinitionArn,
          desiredCount: 1,
          loadBalancers: [{ targetGroupArn: 'group', containerName: 'api', containerPort: 8080 }],
        }),
      );
      const list = async () =>
        (await ecs.send(new ListTaskDefinitionsCommand({ status: 'ACTIVE' }))).taskDefinitionArns;
      const revision = await deployRevision(
        ecs,
        { cluster, service },
        { environment: { LOG_LEVEL: 'info' } },
      );
      const before = await list();

      await forgetRevisions(ecs);

      expect(before).toEqual([applied?.taskDefinitionArn, revision]);
      expect(await list()).toEqual([applied?.taskDefinitionArn]);
    });
  },
);
