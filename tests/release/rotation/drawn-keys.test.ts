import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readConfig } from '../../../app/src/config.ts';
import { createCursors } from '../../../app/src/movies/cursor.ts';
import { createProgress } from '../../../tools/lib/progress.ts';
import { emulatedAws } from '../../../tools/lib/terraform/emulated.ts';
import { terraformEnvironment } from '../../../tools/lib/terraform/environment.ts';
import { planRelease, type Release } from '../../../tools/lib/terraform/service-root.ts';
import { createTerraform } from '../../../tools/lib/terraform/terraform.ts';
import { createAwsClients } from '../../../tools/sandbox/deployment/applied.ts';
import { readSecrets } from '../../../tools/sandbox/deployment/task-definition.ts';
import { startEmulator } from '../../../tools/sandbox/emulator.ts';
import { describeInTestAll, program } from '../../support/requirements.ts';
import { awsProvider, terraform } from '../../support/terraform.ts';

const project = resolve(import.meta.dirname, '../../..');
const region = 'eu-west-1';

/** What the tasks of a stage are started with, as ECS would put it into their environment. */
export type TaskKeys = Readonly<Record<string, string>>;

export interface DrawnKeys {
  /** Plans and applies, by the code of every release; without a stage, as an ordinary one does. */
  readonly release: (wanted?: Pick<Release, 'cursorKeyStage'> & { commit?: string }) => Promise<TaskKeys>;
  readonly stage: () => Promise<unknown>;
  readonly stop: () => Promise<void>;
}

/** The keys of the service, drawn and kept by an emulated account through the module that the service uses. */
async function startDrawnKeys(): Promise<DrawnKeys> {
  const folder = await mkdtemp(join(tmpdir(), 'drawn-keys-'));
  const directory = join(folder, 'terraform');
  await cp(join(import.meta.dirname, 'root'), directory, { recursive: true });
  await cp(join(project, 'terraform/.terraform.lock.hcl'), join(directory, '.terraform.lock.hcl'));
  await cp(join(project, 'modules/rotated-secret'), join(folder, 'modules/rotated-secret'), {
    recursive: true,
  });
  await mkdir(join(directory, 'environments'));
  await writeFile(join(directory, 'environments/dev.tfvars'), '');
  const emulator = await startEmulator(0);
  const account = await terraformEnvironment({ env: emulatedAws(process.env, emulator.url, region) });
  const aws = createAwsClients(emulator.url, region);
  const progress = createProgress(() => undefined, Date.now);
  const terraform = createTerraform(directory, { env: account.env, progress });
  await terraform.init({});

  return {
    release: async ({ commit = 'a'.repeat(40), ...stage } = {}) => {
      const release = { environment: 'dev', image: 'api', commit, ...stage };
      const plan = join(folder, 'plan.tfplan');
      if (await planRelease(terraform, release, plan)) await terraform.apply(plan);
      const { signing, accepted } = await terraform.outputs();
      const [beside] = accepted as readonly string[];
      return readSecrets(aws.secrets, {
        CURSOR_SECRETS: String(signing),
        ...(beside === undefined ? {} : { CURSOR_SECRETS_ACCEPTED: beside }),
      });
    },
    stage: async () => (await terraform.outputs())['cursor_key_stage'],
    stop: async () => {
      aws.destroy();
      await account.stop();
      await emulator.stop();
      await rm(folder, { recursive: true });
    },
  };
}

const python = program('python3', 'install Python 3.10 or newer');
const minutesMs = 300_000;
const position = { year: '2013', title: 'Rush' };

const cursorsOf = (keys: TaskKeys) =>
  createCursors(readConfig({ TABLE_NAME: 'movies', ...keys }).cursorSecrets);
/** Whether tasks with these keys take a cursor that tasks with those gave out. */
const takes = (keys: TaskKeys, those: TaskKeys): boolean => {
  const cursor = cursorsOf(those).encode(position, {});
  try {
    return cursorsOf(keys).decode(cursor, {})['title'] === position.title;
  } catch {
    return false;
  }
};

describeInTestAll([python, terraform, awsProvider], 'keys that an account draws and keeps', () => {
  let keys: DrawnKeys;
  /** What the tasks of each stage, from 0, were started with. */
  const stages: TaskKeys[] = [];

  beforeAll(async () => {
    keys = await startDrawnKeys();
    stages.push(await keys.release());
    for (const cursorKeyStage of [1, 2, 3, 4]) stages.push(await keys.release({ cursorKeyStage }));
  }, minutesMs);

  afterAll(() => keys.stop());

  test('tasks of neighbouring stages take what the others give out, and of others they need not', () => {
    const taken = stages.map((those) => stages.map((own) => (takes(own, those) ? 'takes' : 'refuses')));

    expect(taken).toEqual([
      ['takes', 'takes', 'takes', 'refuses', 'refuses'],
      ['takes', 'takes', 'takes', 'refuses', 'refuses'],
      ['refuses', 'takes', 'takes', 'takes', 'takes'],
      ['refuses', 'takes', 'takes', 'takes', 'takes'],
      ['refuses', 'takes', 'takes', 'takes', 'takes'],
    ]);
  });

  test(
    'an ordinary release leaves the stage and the keys where they are, on another commit, too',
    async () => {
      const again = await keys.release({ commit: 'b'.repeat(40) });

      expect(again).toEqual(stages[4]);
      expect(await keys.stage()).toBe(4);
      await keys.release();
    },
    minutesMs,
  );

  test.each([
    ['a jump over a stage', { cursorKeyStage: 6 }, 'a plan to stage 6 leaves one out'],
    ['a jump back', { cursorKeyStage: 2 }, 'a plan to stage 2 leaves one out'],
    [
      'a step from a commit that is not deployed',
      { cursorKeyStage: 5, commit: 'c'.repeat(40) },
      `dev is deployed from commit ${'a'.repeat(40)}`,
    ],
  ])('%s is refused', async (_what, wanted, message) => {
    await expect(keys.release(wanted)).rejects.toThrow(message);
  });

  test(
    'a stage that is taken back leaves the key that signs as it was, and may be tried again',
    async () => {
      const back = await keys.release({ cursorKeyStage: 3 });
      const again = await keys.release({ cursorKeyStage: 4 });

      expect(back).toEqual(stages[3]);
      expect(again).toEqual({ ...stages[4], CURSOR_SECRETS_ACCEPTED: again['CURSOR_SECRETS_ACCEPTED'] });
      expect(again['CURSOR_SECRETS_ACCEPTED']).not.toBe(stages[4]?.['CURSOR_SECRETS_ACCEPTED']);
    },
    minutesMs,
  );
});
