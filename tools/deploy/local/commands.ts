import { join } from 'node:path';
import type { Progress } from '../progress.ts';
import type { Release } from '../service.ts';
import { createEmulatorHome } from './emulator-process.ts';
import { ensureEmulator, openLocalDeployment, type LocalDeployment } from './deployment.ts';
import { listLeftovers } from './leftovers.ts';
import { Problem } from '../../modules/problem.ts';
import { describeTimings } from './report.ts';

/** No image yet: the digest of nothing. The control plane takes it; whoever runs tasks brings a real one. */
const noImage = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const repository = '123456789012.dkr.ecr.eu-west-1.amazonaws.com/movies-api';

export interface LocalContext {
  readonly project: string;
  readonly progress: Progress;
  readonly commit: string;
}

const homeOf = (project: string): string => join(project, '.cache', 'local');

/** What a local deployment is made of. It is reached from this machine only. */
export const localRelease = (commit: string, image = `${repository}@${noImage}`): Release => ({
  environment: 'dev',
  image,
  commit,
  variables: { allowed_cidrs: '["127.0.0.1/32"]' },
});

/** Bootstrap and service, applied in full into the emulator, which is started if it doesn't run; then a plan that must be empty. */
export async function deployLocally(
  { project, progress, commit }: LocalContext,
  image?: string,
): Promise<void> {
  const emulator = await ensureEmulator(homeOf(project));
  progress.say(`the emulator answers on ${emulator.url} (process ${emulator.pid})`);
  const release = localRelease(commit, image);
  const deployment = await openLocalDeployment({
    project,
    home: homeOf(project),
    emulator,
    release,
    progress,
  });
  await closing(deployment, async () => {
    await deployment.apply();
    await deployment.expectNoChanges();
  });
  progress.say(describeTimings(progress));
  progress.say(
    '\nApplied, and a second plan is empty. It lives in the memory of the emulator: `make destroy-local` ends both.',
  );
}

/** Destroys what `deployLocally` applied, checks with the emulator that nothing is left, and stops it. */
export async function destroyLocally({ project, progress, commit }: LocalContext): Promise<void> {
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

async function closing(deployment: LocalDeployment, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } finally {
    await deployment.close();
  }
}
