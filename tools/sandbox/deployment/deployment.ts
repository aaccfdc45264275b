import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '../../../app/src/commands/problem.ts';
import { emulatedAws } from '../../lib/aws-environment.ts';
import type { Progress } from '../../lib/progress.ts';
import { describeChanges, type Difference } from '../../lib/terraform/drift.ts';
import { terraformEnvironment } from '../../lib/terraform/environment.ts';
import { prepareScratch } from '../../lib/terraform/scratch.ts';
import {
  backendOf,
  enter,
  findDrift,
  planRelease,
  settleRelease,
  type Backend,
  type Release,
} from '../../lib/terraform/service-root.ts';
import { createTerraform, type Terraform } from '../../lib/terraform/terraform.ts';
import { createAwsClients } from './applied.ts';
import { createEmulatorHome, type EmulatorHome, type EmulatorProcess } from './emulator-process.ts';
import { forgetRevisions } from './revisions.ts';

export const region = 'eu-west-1';
const owner = { owner: 'local', cost_centre: 'none', region };
/** One address for all buckets, as in the override of the providers. */
const oneAddress = { use_path_style: 'true' };

/** A deployment of this project into the emulator. */
export interface LocalDeployment {
  /** Applies bootstrap and service; running it again finishes what an interrupted run began. */
  readonly apply: () => Promise<void>;
  /** Rejects, naming each difference, unless a further plan is empty. */
  readonly expectNoChanges: () => Promise<void>;
  /** What differs from what was applied last, and who has to look at it. */
  readonly drift: () => Promise<readonly Difference[]>;
  /** Destroys both roots to nothing left in their states. */
  readonly destroy: () => Promise<void>;
  /** Output values of the service root. */
  readonly outputs: () => Promise<Readonly<Record<string, unknown>>>;
  readonly close: () => Promise<void>;
}

/** Its image is asked for when bootstrap is applied: it may be built meanwhile. */
export type LocalRelease = Omit<Release, 'image'> & { readonly image: string | Promise<string> };

export interface LocalDeploymentOptions {
  /** Root of the project. */
  readonly project: string;
  /** Folder that holds everything a local deployment leaves on the disk. */
  readonly home: string;
  readonly emulator: EmulatorProcess;
  readonly release: LocalRelease;
  readonly progress: Progress;
}

export async function openLocalDeployment(options: LocalDeploymentOptions): Promise<LocalDeployment> {
  const { project, home, emulator, release, progress } = options;
  const withImage = async (): Promise<Release> => ({ ...release, image: await release.image });
  const scratch = await prepareScratch(project, join(home, 'tree'));
  const { env, stop } = await terraformEnvironment({ env: emulatedAws(process.env, emulator.url, region) });
  const as = (caller: string) => ({ env: { ...env, AWS_ACCESS_KEY_ID: caller }, progress });
  const bootstrap = createTerraform(scratch.bootstrap, as('bootstrap'));
  // As in the pipeline, where each has a role of its own; the emulator counts their calls apart.
  const planner = createTerraform(scratch.service, as('plan'));
  const applier = createTerraform(scratch.service, as('apply'));
  const planFile = join(home, 'plan.tfplan');
  const shared = { ...owner, commit: release.commit, state_is_disposable: 'true' };

  const applyPlan = async (terraform: Terraform, changes: boolean): Promise<void> => {
    if (changes) await terraform.apply(planFile);
  };
  const enterService = async (service: Terraform, backend: Backend): Promise<void> => {
    progress.about('service');
    await enter(service, {
      backend: { ...backend, ...oneAddress },
      environment: release.environment,
      progress,
    });
  };
  const enterBootstrap = async (): Promise<void> => {
    progress.about('bootstrap');
    await bootstrap.init({});
  };

  return {
    apply: async () => {
      await enterBootstrap();
      await applyPlan(bootstrap, await bootstrap.plan({ out: planFile, variables: shared }));
      await enterService(planner, backendOf(await bootstrap.outputs()));
      const whole = await withImage();
      await applyPlan(applier, await planRelease(planner, whole, planFile));
      await settleRelease(applier, whole, progress.say);
    },
    expectNoChanges: async () => {
      progress.about('second plan');
      if (!(await planRelease(planner, await withImage(), planFile))) return;
      const changes = describeChanges(await planner.show(planFile));
      throw new Problem(
        `A second plan would change something:\n${changes.join('\n')}`,
        'Either the configuration never settles, or the emulator forgets what it was told: then that is a gap (docs/emulator.md).',
      );
    },
    drift: async () => {
      await enterBootstrap();
      await enterService(planner, backendOf(await bootstrap.outputs()));
      return findDrift(planner, release, planFile);
    },
    destroy: async () => {
      await enterBootstrap();
      await enterService(applier, backendOf(await bootstrap.outputs()));
      progress.about('destroy service');
      await withoutRevisions(emulator.url);
      await applyPlan(applier, await planRelease(applier, await withImage(), planFile, true));
      await expectNothing(applier);
      await applier.deleteWorkspace(release.environment);
      progress.about('destroy bootstrap');
      await applyPlan(bootstrap, await bootstrap.plan({ out: planFile, variables: shared, destroy: true }));
      await expectNothing(bootstrap);
    },
    outputs: () => planner.outputs(),
    close: async () => {
      await stop();
      await rm(planFile, { force: true });
    },
  };
}

/** Drills roll out versions of which no state knows. */
async function withoutRevisions(url: string): Promise<void> {
  const aws = createAwsClients(url, region);
  await forgetRevisions(aws.ecs).finally(aws.destroy);
}

async function expectNothing(terraform: Terraform): Promise<void> {
  const left = await terraform.resources();
  if (left.length > 0) throw new Problem(`Not destroyed: ${left.join(', ')}`, 'Run the same command again.');
}

/** The emulator that runs, or a new one. States of an emulator that is gone are forgotten with it. */
export async function ensureEmulator(
  home: string,
  emulators: EmulatorHome = createEmulatorHome(home),
): Promise<EmulatorProcess> {
  const running = await emulators.find();
  if (running) return running;
  await rm(join(home, 'tree', 'terraform', 'bootstrap', 'terraform.tfstate'), { force: true });
  await rm(join(home, 'tree', 'terraform', 'bootstrap', 'terraform.tfstate.backup'), { force: true });
  return emulators.start();
}
