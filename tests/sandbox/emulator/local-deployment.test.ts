import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { localRelease } from '../../../tools/sandbox/deployment/commands.ts';
import { openLocalDeployment, type LocalDeployment } from '../../../tools/sandbox/deployment/deployment.ts';
import { listLeftovers } from '../../../tools/sandbox/deployment/leftovers.ts';
import { createProgress } from '../../../tools/lib/progress.ts';
import { startEmulator, type Emulator } from '../../../tools/sandbox/emulator/emulator.ts';
import { describeInTestAll, program } from '../../support/requirements.ts';
import { awsProvider, registryModules, terraform } from '../../support/terraform.ts';
import { readOutputs } from '../../deployed/deployment.ts';
import { releaseWith } from '../drill/releases.ts';
import { createRawClient } from './client.ts';

const project = resolve(import.meta.dirname, '../../..');
const minutesMs = 60_000;

/** A second apply takes minutes; that its state, outputs and second plan are right is asserted in tests/deployed, too. */
describeInTestAll(
  [terraform, awsProvider, registryModules, program('python3', 'install Python 3.10 or newer')],
  'bootstrap and service, applied in full into the emulator',
  () => {
    let home: string;
    let emulator: Emulator;
    let deployment: LocalDeployment;

    beforeAll(async () => {
      home = await mkdtemp(join(tmpdir(), 'local-deployment-'));
      emulator = await startEmulator(0);
      deployment = await openLocalDeployment({
        project,
        home,
        emulator: { pid: process.pid, url: emulator.url },
        release: localRelease('0123456789abcdef'),
        progress: createProgress(() => undefined, Date.now),
      });
    }, 5 * minutesMs);

    afterAll(async () => {
      await deployment.close();
      await emulator.stop();
      await rm(home, { recursive: true });
    });

    test(
      'everything is made, and the state lies in the bucket, under its workspace',
      async () => {
        await deployment.apply();

        const state = await createRawClient(emulator.url).rest(
          's3',
          'GET',
          '/movies-api-state-123456789012-eu-west-1/env%3A/dev/movies-api/terraform.tfstate',
        );
        expect(state.status).toBe(200);
        expect(await deployment.outputs()).toMatchObject({
          region: 'eu-west-1',
          url: expect.stringMatching(/^http:\/\//),
        });
        expect((await listLeftovers(emulator.url)).length).toBeGreaterThan(20);
      },
      10 * minutesMs,
    );

    test(
      'a second plan is empty',
      async () => {
        await expect(deployment.expectNoChanges()).resolves.toBeUndefined();
      },
      5 * minutesMs,
    );

    test(
      'after a destroy nothing is left, neither in a state nor in the account, though a drill rolled out a version',
      async () => {
        const outputs = readOutputs(await deployment.outputs());
        await releaseWith(
          {
            environment: 'dev',
            url: emulator.url,
            endpoint: emulator.url,
            outputs,
            token: () => Promise.resolve(''),
          },
          { LOG_LEVEL: 'info' },
        );

        await deployment.destroy();

        expect(await listLeftovers(emulator.url)).toEqual([]);
      },
      10 * minutesMs,
    );
  },
);
