import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { createProgress } from '../../../tools/lib/progress.ts';
import { createAwsClients, readNames } from '../../../tools/sandbox/deployment/applied.ts';
import { repository, withLocalDeployment } from '../../../tools/sandbox/deployment/deploy.ts';
import { listLeftovers } from '../../../tools/sandbox/deployment/leftovers.ts';
import { deployRevision } from '../../../tools/sandbox/deployment/revisions.ts';
import { startEmulator } from '../../../tools/sandbox/emulator.ts';
import { domainName, importCertificate } from '../../../tools/sandbox/pipeline/account.ts';
import { judgeAccount } from '../../support/local-deployment.ts';
import { describeInTestAll, evaluator, program } from '../../support/requirements.ts';
import { awsProvider, registryModules, terraform } from '../../support/terraform.ts';
import { createRawClient } from './client.ts';

const project = resolve(import.meta.dirname, '../../..');
const state = '/movies-api-state-123456789012-eu-west-1/env%3A/dev/movies-api/terraform.tfstate';

const requirements = [
  ...[terraform, awsProvider, registryModules, evaluator],
  program('python3', 'install Python 3.10 or newer'),
];

/** What prod alone has is seen by no other deployment of this machine but a pipeline that is played to its end. */
describeInTestAll(requirements, 'prod, applied in full into the emulator', () => {
  test('all that it alone has is made, a second plan is empty, and the account holds what the documents say', async () => {
    const home = await mkdtemp(join(tmpdir(), 'local-prod-'));
    const emulator = await startEmulator(0);
    const certificate_arn = await importCertificate(emulator.url, home);
    const context = {
      ...{ project, home, progress: createProgress(() => undefined, Date.now), commit: '0123456789abcdef' },
      ...{ environment: 'prod', reach: { domain_name: domainName, certificate_arn } },
    };
    const image = `${repository}@sha256:${'0'.repeat(64)}`;
    await withLocalDeployment(context, { pid: 0, url: emulator.url }, image, async (deployment) => {
      await deployment.apply();

      await deployment.expectNoChanges();
      expect(await judgeAccount(emulator.url, home)).toMatchObject({ code: 0, stderr: '' });
    }).finally(async () => {
      await emulator.stop();
      await rm(home, { recursive: true });
    });
  }, 1_500_000);
});

/** A second apply takes minutes; that its state, outputs and second plan are right is asserted in tests/deployed, too. */
describeInTestAll(requirements, 'bootstrap and two environments, applied in full into the emulator', () => {
  test('a second plan is empty, the account holds what the documents say, after a destroy nothing is left, though a drill rolled out a version, and each role might do what it did', async () => {
    const home = await mkdtemp(join(tmpdir(), 'local-deployment-'));
    const emulator = await startEmulator(0);
    const progress = createProgress(() => undefined, Date.now);
    const context = { project, home, progress, commit: '0123456789abcdef' };
    const aws = createAwsClients(emulator.url, 'eu-west-1');
    const image = `${repository}@sha256:${'0'.repeat(64)}`;
    const process = { pid: 0, url: emulator.url };
    const second = { ...context, environment: 'staging' };
    await withLocalDeployment(second, process, image, ({ apply }) => apply());
    await withLocalDeployment(context, process, image, async (deployment) => {
      await deployment.apply();
      expect((await createRawClient(emulator.url).rest('s3', 'GET', state)).status).toBe(200);
      expect((await listLeftovers(emulator.url)).length).toBeGreaterThan(20);

      await deployment.expectNoChanges();

      const judged = await judgeAccount(emulator.url, home);
      const held = join(home, 'held.json');
      await copyFile(join(home, 'account-before.json'), held);
      await createRawClient(emulator.url).form('iam', {
        ...{
          Action: 'PutRolePolicy',
          Version: '2010-05-08',
          RoleName: 'movies-api-staging-task-euw1',
          PolicyName: 'main',
        },
        PolicyDocument: JSON.stringify({
          Version: '2012-10-17',
          Statement: [{ Sid: 'Open', Effect: 'Allow', Action: '*', Resource: '*' }],
        }),
      });
      const byHand = await judgeAccount(emulator.url, home);
      expect(judged).toMatchObject({ code: 0, stderr: '' });
      expect(byHand.code).toBe(1);
      expect(byHand.stderr).toMatch(/role staging-task, Open: .*: in the account alone/);

      const names = readNames(await deployment.outputs());
      await withLocalDeployment(second, process, image, ({ destroy }) => destroy());
      await deployRevision(aws.ecs, names, { environment: { LOG_LEVEL: 'info' } });
      await deployment.destroy();
      expect(await listLeftovers(emulator.url)).toEqual([]);
      // Judged by what was applied: what a destroy takes away, it names.
      const destroyed = await judgeAccount(emulator.url, home, held);
      expect(destroyed).toMatchObject({ code: 0, stderr: '' });
      // Bootstrap's own state is a file here, so its aliases are in no dump; of the roles' calls each is judged.
      expect(destroyed.stdout).not.toMatch(/^ {2}(dev|staging)-/m);
    }).finally(async () => {
      aws.destroy();
      await emulator.stop();
      await rm(home, { recursive: true });
    });
  }, 1_500_000);
});
