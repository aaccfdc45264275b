import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createAccount } from '../../tools/release/account.ts';
import { emulatedAws, prepareScratch } from '../../tools/lib/terraform/emulated.ts';
import { createProgress } from '../../tools/lib/progress.ts';
import { type Emulator, startEmulator } from '../../tools/sandbox/emulator.ts';
import { createRawClient } from '../sandbox/emulator/client.ts';
import { describeInTestAll, program } from '../support/requirements.ts';
import { awsProvider, registryModules, terraform } from '../support/terraform.ts';

const project = resolve(import.meta.dirname, '../..');
const region = 'eu-west-1';
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
  [terraform, awsProvider, registryModules, program('python3', 'install Python 3.10 or newer')],
  'make bootstrap, in an emulated account with a pipeline',
  () => {
    let folder: string;
    let emulator: Emulator;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'bootstrap-'));
      emulator = await startEmulator(0);
    }, 5 * minutesMs);

    afterAll(async () => {
      await emulator.stop();
      await rm(folder, { recursive: true });
    });

    test(
      'each environment has a workspace before a role that may write no state plans it',
      async () => {
        await prepareScratch(project, folder);
        const said: string[] = [];
        const account = createAccount({
          project: folder,
          env: {
            ...emulatedAws(process.env, emulator.url, region),
            TF_VAR_owner: 'local',
            TF_VAR_cost_centre: 'none',
            TF_VAR_bitbucket: JSON.stringify(bitbucket),
            // There is no DNS name per bucket.
            TF_CLI_ARGS_init: '-backend-config=use_path_style=true',
          },
          progress: createProgress((line) => said.push(line), Date.now),
          confirm: () => Promise.resolve(true),
        });

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
  },
);
