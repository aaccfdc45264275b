import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '../../../app/src/commands/problem.ts';
import { emulatedAws, prepareScratch } from '../../lib/terraform/emulated.ts';
import { writeReport } from '../../lib/insights.ts';
import { settingsOf } from '../../lib/pipeline-definition.ts';
import type { Progress } from '../../lib/progress.ts';
import {
  describeChanges,
  describeDifference,
  reportDrift,
  type Difference,
} from '../../lib/terraform/drift.ts';
import { terraformEnvironment } from '../../lib/terraform/environment.ts';
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
import { listLeftovers } from './leftovers.ts';
import { buildRelease, type LocalImage } from './local-image.ts';
import { createEmulatorHome, createServingHome, type EmulatorProcess } from './processes.ts';
import { forgetRevisions } from './revisions.ts';
import { startTraffic, welcome } from './traffic.ts';

const region = 'eu-west-1';
export const repository = `123456789012.dkr.ecr.${region}.amazonaws.com/movies-api`;
/** No image: the digest of nothing. The control plane takes it where no task is run. */
const noImage = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const owner = { owner: 'local', cost_centre: 'none', region };
/** One address for all buckets, as in the override of the providers. */
const oneAddress = { use_path_style: 'true' };

/** Who may take the pipeline's roles here: nobody, for no token names these. */
const uuid = (digit: number): string => `${digit}0000000-0000-4000-8000-000000000000`;
export const bitbucket = {
  workspace: 'local',
  workspace_uuid: uuid(1),
  repository_uuid: uuid(2),
  build_uuid: uuid(3),
  environments: {
    dev: { plan_uuid: uuid(4), apply_uuid: uuid(5) },
    staging: { plan_uuid: uuid(6), apply_uuid: uuid(7) },
    prod: { plan_uuid: uuid(8), apply_uuid: uuid(9) },
  },
};

const boundaryOf = (
  { workload_boundary_arns: arns }: Readonly<Record<string, unknown>>,
  environment: string,
): string => String(settingsOf(arns)[environment]);

export interface LocalContext {
  /** Root of the project. */
  readonly project: string;
  /** Folder that holds everything a local deployment leaves on the disk. */
  readonly home: string;
  readonly progress: Progress;
  readonly commit: string;
  /** dev, where none is named. */
  readonly environment?: string;
  /** Who may reach it, and how: plain HTTP from this machine only, where nothing is said. */
  readonly reach?: Readonly<Record<string, string>>;
}

/** From this machine only; in maintenance, from one of its further addresses. */
const fromHere = {
  allowed_cidrs: '["127.0.0.1/32"]',
  maintainer_cidrs: '["127.0.0.2/32"]',
  plain_http: 'tokens in clear',
};

/** A deployment of this project into the emulator. */
export interface LocalDeployment {
  /** Applies bootstrap and service; running it again finishes what an interrupted run began. */
  readonly apply: () => Promise<void>;
  /** Rejects, naming each difference, unless a further plan is empty. */
  readonly expectNoChanges: () => Promise<void>;
  /** What differs from what was applied last, and who has to look at it. */
  readonly drift: () => Promise<readonly Difference[]>;
  /** Destroys the service, and bootstrap where no other environment is left, to nothing in their states. */
  readonly destroy: () => Promise<void>;
  /** Output values of the service root. */
  readonly outputs: () => Promise<Readonly<Record<string, unknown>>>;
}

/**
 * Opens a deployment for some work with it.
 *
 * @param image by digest; it is asked for when bootstrap is applied: it may be built meanwhile
 * @param table the one that is to serve, where that changes
 */
export async function withLocalDeployment<T>(
  { project, home, progress, commit, environment = 'dev', reach = fromHere }: LocalContext,
  emulator: EmulatorProcess,
  image: string | Promise<string>,
  work: (deployment: LocalDeployment) => Promise<T>,
  table?: string,
): Promise<T> {
  const release = async (): Promise<Release> => ({
    environment,
    image: await image,
    commit,
    variables: { ...reach, permissions_boundary_arn: boundaryOf(await bootstrap.outputs(), environment) },
    ...(table === undefined ? {} : { table }),
  });
  const scratch = await prepareScratch(project, join(home, 'tree'));
  const { env, stop } = await terraformEnvironment({ env: emulatedAws(process.env, emulator.url, region) });
  // As in the pipeline, where each has a role of its own; the emulator keeps their calls apart.
  const as = (caller: string) => ({ env: { ...env, AWS_ACCESS_KEY_ID: caller }, progress });
  const bootstrap = createTerraform(scratch.bootstrap, as('person'));
  // Neither role begins a state or takes it away.
  const keeper = createTerraform(scratch.service, as('person'));
  const planner = createTerraform(scratch.service, as(`${environment}-plan`));
  const applier = createTerraform(scratch.service, as(`${environment}-apply`));
  const planFile = join(home, 'plan.tfplan');
  const shared = { ...owner, commit, state_is_disposable: 'true', bitbucket: JSON.stringify(bitbucket) };

  const applyPlan = async (terraform: Terraform, changes: boolean): Promise<void> => {
    if (changes) await terraform.apply(planFile);
  };
  const enterService = async (service: Terraform, backend: Backend): Promise<void> => {
    progress.about('service');
    await enter(service, { backend: { ...backend, ...oneAddress }, environment, progress });
  };
  const enterBootstrap = async (): Promise<void> => {
    progress.about('bootstrap');
    await bootstrap.init({});
  };
  const deployment: LocalDeployment = {
    apply: async () => {
      await enterBootstrap();
      await applyPlan(bootstrap, await bootstrap.plan({ out: planFile, variables: shared }));
      await enterService(keeper, backendOf(await bootstrap.outputs()));
      const whole = await release();
      await applyPlan(applier, await planRelease(planner, whole, planFile));
      await settleRelease(applier, whole, progress.say);
    },
    expectNoChanges: async () => {
      progress.about('second plan');
      if (!(await planRelease(planner, await release(), planFile))) return;
      const changes = describeChanges(await planner.show(planFile));
      throw new Problem(
        `A second plan would change something:\n${changes.join('\n')}`,
        'Either the configuration never settles, or the emulator forgets what it was told: then that is a gap of tools/sandbox/gaps.ts.',
      );
    },
    drift: async () => {
      await enterBootstrap();
      await enterService(planner, backendOf(await bootstrap.outputs()));
      return findDrift(planner, await release(), planFile);
    },
    destroy: async () => {
      await enterBootstrap();
      await enterService(keeper, backendOf(await bootstrap.outputs()));
      progress.about('destroy service');
      // Drills roll out versions of which no state knows.
      const aws = createAwsClients(emulator.url, region);
      await forgetRevisions(aws.ecs).finally(aws.destroy);
      await applyPlan(applier, await planRelease(applier, await release(), planFile, true));
      await expectNothing(applier);
      await keeper.deleteWorkspace(environment);
      // What is left stands on bootstrap, too.
      if ((await keeper.workspaces()).length > 0) return;
      progress.about('destroy bootstrap');
      await applyPlan(bootstrap, await bootstrap.plan({ out: planFile, variables: shared, destroy: true }));
      await expectNothing(bootstrap);
    },
    outputs: () => planner.outputs(),
  };
  try {
    return await work(deployment);
  } finally {
    await stop();
    await rm(planFile, { force: true });
  }
}

async function expectNothing(terraform: Terraform): Promise<void> {
  const left = await terraform.resources();
  if (left.length > 0) throw new Problem(`Not destroyed: ${left.join(', ')}`, 'Run the same command again.');
}

/** The emulator that runs, or a new one. States of an emulator that is gone are forgotten with it. */
export async function ensureEmulator(home: string): Promise<EmulatorProcess> {
  const emulators = createEmulatorHome(home);
  const running = await emulators.find();
  if (running) return running;
  for (const file of ['terraform.tfstate', 'terraform.tfstate.backup'])
    await rm(join(home, 'tree', 'terraform', 'bootstrap', file), { force: true });
  return emulators.start();
}

/**
 * Bootstrap and service, applied in full into the emulator, which is started if it doesn't run; then a plan that must be
 * empty; then the tasks that were applied, serving traffic.
 *
 * @param wanted image by digest, in podman's storage, built here when it isn't given; the table that is to serve, where that changes
 */
export async function deployLocally(
  context: LocalContext,
  { image, table }: { readonly image?: string; readonly table?: string } = {},
): Promise<void> {
  const { project, home, progress } = context;
  const { say } = progress;
  const emulator = await ensureEmulator(home);
  say(`the emulator answers on ${emulator.url} (process ${emulator.pid})`);
  const building: Promise<LocalImage> =
    image === undefined
      ? buildRelease({ project, home, repository, say })
      : Promise.resolve({ reference: image, runner: 'containers' });
  const work = async (deployment: LocalDeployment): Promise<void> => {
    await deployment.apply();
    const outputs = await deployment.outputs();
    const { runner } = await building;
    progress.about('');
    // The same port at each deployment, so that a browser finds it again.
    const port = Number(process.env['LOCAL_PORT'] ?? 8088);
    const serving = await progress.during('tasks and data', () =>
      startTraffic({ home, emulator: emulator.url, outputs, runner, port, say }),
    );
    await deployment.expectNoChanges();
    say(await welcome(serving));
  };
  await withLocalDeployment(context, emulator, referenceOf(building), work, table);
  say('It lives in memory and goes on after this command: `make destroy-local` ends all of it.');
}

/** What is being built, by digest. Who asks for it is told when that fails; nobody else has to be. */
export const referenceOf = (building: Promise<LocalImage>): Promise<string> => {
  const reference = building.then((built) => built.reference);
  reference.catch(() => undefined);
  return reference;
};

/** Tells what differs in the local deployment from what was applied last. Resolves with whether nothing does. */
export async function driftLocally(context: LocalContext): Promise<boolean> {
  const emulator = await createEmulatorHome(context.home).find();
  if (!emulator) throw new Problem('No local deployment runs.', 'Start one: make deploy-local');
  const image = `${repository}@${noImage}`;
  const differences = await withLocalDeployment(context, emulator, image, ({ drift }) => drift());
  const report = reportDrift('local', differences);
  await writeReport(join(context.project, 'reports', 'drift-local'), report);
  context.progress.say(['', ...differences.map(describeDifference), report.details].join('\n'));
  return report.result === 'PASSED';
}

/** Destroys what `deployLocally` applied, checks with the emulator that nothing is left, and stops it. */
export async function destroyLocally(context: LocalContext): Promise<void> {
  const { home, progress } = context;
  await createServingHome(home).stop();
  const emulators = createEmulatorHome(home);
  const emulator = await emulators.find();
  if (!emulator) {
    progress.say('No emulator runs, so nothing is deployed: its state was in its memory.');
    return;
  }
  const image = `${repository}@${noImage}`;
  await withLocalDeployment(context, emulator, image, ({ destroy }) => destroy());
  const leftovers = await listLeftovers(emulator.url);
  if (leftovers.length > 0)
    throw new Problem(
      `Terraform believes that all is gone, and the emulator still has:\n  ${leftovers.join('\n  ')}`,
      'Find out who made it: on AWS it would go on costing money. A table that was restored and not taken over is one. Here `npm run local -- end` ends it with the emulator.',
    );
  await emulators.stop(emulator);
  progress.say('\nDestroyed; the emulator had nothing left, and is stopped.');
}
