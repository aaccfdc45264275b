import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { CreateLogGroupCommand } from '@aws-sdk/client-cloudwatch-logs';
import { CreateKeyCommand, KMSServiceException, ScheduleKeyDeletionCommand } from '@aws-sdk/client-kms';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createAccount, findLocks, type Account } from '../../tools/release/account.ts';
import { cleanUp, createLeftBehindClients } from '../../tools/release/left-behind.ts';
import { emulatedAws, prepareScratch } from '../../tools/lib/terraform/emulated.ts';
import { createProgress } from '../../tools/lib/progress.ts';
import { repository } from '../../tools/sandbox/deployment/deploy.ts';
import { listLeftovers } from '../../tools/sandbox/deployment/leftovers.ts';
import { type Emulator, startEmulator } from '../../tools/sandbox/emulator.ts';
import { createRawClient } from '../sandbox/emulator/client.ts';
import { describeInTestAll, describeWith, program } from '../support/requirements.ts';
import { awsProvider, registryModules, terraform } from '../support/terraform.ts';

const project = resolve(import.meta.dirname, '../..');
const region = 'eu-west-1';
const python = program('python3', 'install Python 3.10 or newer');
const minutesMs = 60_000;

const uuid = (last: number): string => `00000000-0000-4000-8000-${String(last).padStart(12, '0')}`;
const bitbucket = {
  workspace: 'films',
  workspace_uuid: uuid(1),
  repository_uuid: uuid(2),
  build_uuid: uuid(3),
  environments: {
    dev: { plan_uuid: uuid(4), apply_uuid: uuid(5) },
    prod: { plan_uuid: uuid(6), apply_uuid: uuid(7) },
  },
};

describeInTestAll(
  [terraform, awsProvider, registryModules, python],
  'make bootstrap, in an emulated account with a pipeline',
  () => {
    let folder: string;
    let emulator: Emulator;
    let account: Account;
    const said: string[] = [];

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'bootstrap-'));
      emulator = await startEmulator(0);
      await prepareScratch(project, folder);
      account = createAccount({
        project: folder,
        env: {
          ...emulatedAws(process.env, emulator.url, region),
          TF_VAR_owner: 'local',
          TF_VAR_cost_centre: 'none',
          TF_VAR_allowed_cidrs: '["127.0.0.1/32"]',
          TF_VAR_plain_http: 'tokens in clear',
          TF_VAR_bitbucket: JSON.stringify(bitbucket),
          // There is no DNS name per bucket.
          TF_CLI_ARGS_init: '-backend-config=use_path_style=true',
        },
        progress: createProgress((line) => said.push(line), Date.now),
        confirm: () => Promise.resolve(true),
      });
    }, 5 * minutesMs);

    afterAll(async () => {
      await emulator.stop();
      await rm(folder, { recursive: true });
    });

    test(
      'each environment has a workspace before a role that may write no state plans it',
      async () => {
        await account.bootstrap('0123456789abcdef');

        const bucket = /STATE_BUCKET=(\S+)/.exec(said.join('\n'))?.[1] ?? 'not said';
        const objects = await createRawClient(emulator.url).rest('s3', 'GET', `/${bucket}`);
        const states = [...objects.text.matchAll(/<Key>([^<]+)<\/Key>/g)].map(([, key]) => key);
        expect(states).toEqual([
          'env:/dev/movies-api/terraform.tfstate',
          'env:/prod/movies-api/terraform.tfstate',
        ]);
      },
      5 * minutesMs,
    );

    test(
      'deployed, destroyed and left, the account holds nothing but keys, each with the day on which it goes',
      async () => {
        const commit = '0123456789abcdef';
        const release = { environment: 'dev', image: `${repository}@sha256:${'0'.repeat(64)}`, commit };
        const planFile = join(folder, 'dev.tfplan');
        const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
        const aws = createLeftBehindClients({ region, endpoint: emulator.url, credentials });
        await account.plan(release, planFile);
        await account.apply(await account.check(release, planFile), planFile);

        await expect(account.leave(commit)).rejects.toThrow('dev is still deployed');
        const destroyed = await account.destroy('dev', commit);
        // As Container Insights does for the last minute of a cluster.
        const logGroupName = '/aws/ecs/containerinsights/movies-api-dev/performance';
        await aws.logs.send(new CreateLogGroupCommand({ logGroupName }));
        const ofDev = await cleanUp(destroyed, aws, new Date());
        const ofBootstrap = await cleanUp(await account.leave(commit), aws, new Date());

        expect(ofDev).toHaveLength(2);
        expect(ofBootstrap).toHaveLength(3);
        for (const line of [...ofDev, ...ofBootstrap])
          expect(line).toMatch(/^key \S+ \(.+\): gone on \d{4}-\d\d-\d\d; not billed$/);
        expect(await listLeftovers(emulator.url)).toEqual([]);
        await expect(account.destroy('dev', commit)).rejects.toThrow();
        for (const client of Object.values(aws)) client.destroy();
      },
      30 * minutesMs,
    );
  },
);

describeWith([python], 'what a destroy leaves behind', () => {
  test('backups that a vault lock keeps are told with their day, as is a log group of somebody; that of Container Insights goes', async () => {
    const state = {
      values: {
        root_module: {
          child_modules: [
            {
              resources: [
                { type: 'aws_backup_vault', values: { name: 'movies-api-dev' } },
                {
                  type: 'aws_backup_vault_lock_configuration',
                  values: { backup_vault_name: 'movies-api-dev', max_retention_days: 365 },
                },
              ],
            },
          ],
        },
      },
    };
    const locks = findLocks(JSON.stringify(state));
    const emulator = await startEmulator(0);
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    const aws = createLeftBehindClients({ region, endpoint: emulator.url, credentials });
    // As AWS says it to the role of an environment about the key of another one.
    const { KeyMetadata: foreign } = await aws.kms.send(new CreateKeyCommand({}));
    await aws.kms.send(new ScheduleKeyDeletionCommand({ KeyId: foreign?.KeyId }));
    aws.kms.middlewareStack.add(
      (next) => (args) =>
        'KeyId' in args.input && args.input.KeyId === foreign?.KeyId
          ? Promise.reject(
              new KMSServiceException({
                ...{ name: 'AccessDeniedException', message: 'no', $fault: 'client', $metadata: {} },
              }),
            )
          : next(args),
    );
    await aws.logs.send(new CreateLogGroupCommand({ logGroupName: '/movies-api-dev/own' }));
    await aws.logs.send(
      new CreateLogGroupCommand({ logGroupName: '/aws/ecs/containerinsights/movies-api-dev/performance' }),
    );

    const left = await cleanUp(
      { project: 'movies-api', environment: 'dev', region, locks },
      aws,
      new Date('2026-01-01T00:00:00Z'),
    );

    const groups = await listLeftovers(emulator.url);
    for (const client of Object.values(aws)) client.destroy();
    await emulator.stop();

    expect(left).toEqual([
      'log group /movies-api-dev/own: billed per GB; aws logs delete-log-group --log-group-name /movies-api-dev/own',
      'backups in the vault movies-api-dev: its lock forbids their deletion until 2027-01-01 at the latest; billed per GB until then',
    ]);
    expect(groups).toEqual(['logs /movies-api-dev/own']);
  }, 300_000);
});
