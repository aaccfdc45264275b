import { join } from 'node:path';
import type { Progress } from '../../lib/progress.ts';
import type { Difference } from '../../lib/terraform/drift.ts';
import { createEmulatorHome } from './emulator-process.ts';
import {
  ensureEmulator,
  openLocalDeployment,
  type LocalDeployment,
  type LocalRelease,
} from './deployment.ts';
import { listLeftovers } from './leftovers.ts';
import { Problem } from '../../../app/src/commands/problem.ts';
import { describeTimings } from './report.ts';
import { buildRelease, type LocalImage } from './local-image.ts';
import { createServingHome } from './serving-process.ts';
import { startTraffic } from './traffic.ts';
import { welcome } from './traffic.ts';

/** No image: the digest of nothing. The control plane takes it where no task is run. */
const noImage = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const repository = '123456789012.dkr.ecr.eu-west-1.amazonaws.com/movies-api';

export interface LocalContext {
  readonly project: string;
  readonly progress: Progress;
  readonly commit: string;
}

const homeOf = (project: string): string => join(project, '.cache', 'local');

/** What a local deployment is made of. It is reached from this machine only. */
export const localRelease = (
  commit: string,
  image: LocalRelease['image'] = `${repository}@${noImage}`,
): LocalRelease => ({
  environment: 'dev',
  image,
  commit,
  variables: { allowed_cidrs: '["127.0.0.1/32"]', plain_http: 'tokens in clear' },
});

/**
 * Bootstrap and service, applied in full into the emulator, which is started if it doesn't run; then a plan that must be
 * empty; then the tasks that were applied, serving traffic.
 *
 * @param image by digest, in podman's storage; built here when it isn't given
 */
export async function deployLocally(
  { project, progress, commit }: LocalContext,
  image?: string,
): Promise<void> {
  const home = homeOf(project);
  const { say } = progress;
  const emulator = await ensureEmulator(home);
  say(`the emulator answers on ${emulator.url} (process ${emulator.pid})`);
  const building =
    image === undefined
      ? buildRelease({ project, home, repository, say })
      : Promise.resolve({ reference: image, runner: 'containers' as const });
  const release = localRelease(commit, referenceOf(building));
  const deployment = await openLocalDeployment({ project, home, emulator, release, progress });
  await closing(deployment, async () => {
    await deployment.apply();
    const outputs = await deployment.outputs();
    const { runner } = await building;
    progress.about('');
    const serving = await progress.during('tasks and data', () =>
      startTraffic({ home, emulator: emulator.url, outputs, runner, port: localPort(), say }),
    );
    await deployment.expectNoChanges();
    say(describeTimings(progress));
    say(await welcome(serving));
  });
  say('It lives in memory and goes on after this command: `make destroy-local` ends all of it.');
}

/** What is being built, by digest. Who asks for it is told when that fails; nobody else has to be. */
export const referenceOf = (building: Promise<LocalImage>): Promise<string> => {
  const reference = building.then((built) => built.reference);
  reference.catch(() => undefined);
  return reference;
};

/** The same at each deployment, so that a browser finds it again. */
const localPort = (): number => Number(process.env['LOCAL_PORT'] ?? 8088);

/** What differs in the local deployment from what was applied last. */
export async function driftLocally({
  project,
  progress,
  commit,
}: LocalContext): Promise<readonly Difference[]> {
  const home = homeOf(project);
  const emulator = await createEmulatorHome(home).find();
  if (!emulator) throw new Problem('No local deployment runs.', 'Start one: make deploy-local');
  const release = localRelease(commit);
  const deployment = await openLocalDeployment({ project, home, emulator, release, progress });
  return closing(deployment, deployment.drift);
}

/** Destroys what `deployLocally` applied, checks with the emulator that nothing is left, and stops it. */
export async function destroyLocally({ project, progress, commit }: LocalContext): Promise<void> {
  await createServingHome(homeOf(project)).stop();
  const emulators = createEmulatorHome(homeOf(project));
  const emulator = await emulators.find();
  if (!emulator) {
    progress.say('No emulator runs, so nothing is deployed: its state was in its memory.');
    return;
  }
  const release = localRelease(commit);
  const deployment = await openLocalDeployment({
    project,
    home: homeOf(project),
    emulator,
    release,
    progress,
  });
  await closing(deployment, deployment.destroy);
  const leftovers = await listLeftovers(emulator.url);
  if (leftovers.length > 0) {
    throw new Problem(
      `Terraform believes that all is gone, and the emulator still has:\n  ${leftovers.join('\n  ')}`,
      'Find out who made it: on AWS it would go on costing money.',
    );
  }
  await emulators.stop(emulator);
  progress.say(describeTimings(progress));
  progress.say('\nDestroyed; the emulator had nothing left, and is stopped.');
}

async function closing<T>(deployment: LocalDeployment, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    await deployment.close();
  }
}
