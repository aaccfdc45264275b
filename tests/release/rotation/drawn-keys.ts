import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { emulatedAws } from '../../../tools/lib/terraform/emulated.ts';
import { createProgress } from '../../../tools/lib/progress.ts';
import { terraformEnvironment } from '../../../tools/lib/terraform/environment.ts';
import { planRelease, type Release } from '../../../tools/lib/terraform/service-root.ts';
import { createTerraform } from '../../../tools/lib/terraform/terraform.ts';
import { createAwsClients } from '../../../tools/sandbox/deployment/applied.ts';
import { readSecrets } from '../../../tools/sandbox/deployment/task-definition.ts';
import { startEmulator } from '../../../tools/sandbox/emulator.ts';

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
export async function startDrawnKeys(): Promise<DrawnKeys> {
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
