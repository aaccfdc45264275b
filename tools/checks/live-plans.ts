import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PlanJson } from '../lib/plan/plan-json.ts';
import { emulatedAws } from '../sandbox/deployment/aws-environment.ts';
import { prepareScratch } from '../sandbox/deployment/scratch.ts';
import type { Progress } from '../release/progress.ts';
import { planRelease as planOneRelease } from '../release/service.ts';
import { createTerraform, type Terraform } from '../release/terraform.ts';
import { startEmulator } from '../sandbox/emulator/emulator.ts';
import { terraformEnvironment } from '../lib/terraform/environment.ts';
import { digestInputs, environments, planRelease, planVariables, type Environment } from './plan-inputs.ts';
import { normalise } from './normalise-plan.ts';
import type { Recording } from './plan-recording.ts';

/** A plan needs no state but an empty one, on the disk. */
const localState = 'terraform {\n  backend "local" {}\n}\n';

/**
 * Plans every environment from nothing with the real Terraform, provider and modules, asking the emulator where AWS would
 * be asked. Plans are kept in `.cache/plans` by the digest of what they are made from: the same inputs are planned once.
 */
export async function planEnvironments(
  project: string,
  progress: Progress,
): Promise<ReadonlyMap<Environment, Recording>> {
  const inputs = await digestInputs(project);
  const cache = join(project, '.cache', 'plans');
  const cached = (environment: Environment): string => join(cache, `${environment}-${inputs}.json`);
  if (!environments.every((environment) => existsSync(cached(environment)))) {
    await mkdir(cache, { recursive: true });
    await withTerraform(project, cache, progress, async (terraform) => {
      for (const environment of environments) {
        progress.about(environment);
        const plan = await planOne(terraform, environment, join(cache, `${environment}.tfplan`));
        await writeFile(`${cached(environment)}.part`, JSON.stringify(plan));
        await rename(`${cached(environment)}.part`, cached(environment));
      }
    });
  }
  const recordings = environments.map(async (environment): Promise<[Environment, Recording]> => [
    environment,
    { inputs, plan: normalise(JSON.parse(await readFile(cached(environment), 'utf8')) as PlanJson) },
  ]);
  return new Map(await Promise.all(recordings));
}

async function withTerraform(
  project: string,
  cache: string,
  progress: Progress,
  work: (terraform: Terraform) => Promise<void>,
): Promise<void> {
  const emulator = await startEmulator(0);
  const { env, stop } = await terraformEnvironment({
    env: emulatedAws(process.env, emulator.url, 'eu-west-1'),
  });
  try {
    const scratch = await prepareScratch(project, join(cache, 'tree'));
    await writeFile(join(scratch.service, 'backend_override.tf'), localState);
    const terraform = createTerraform(scratch.service, { env, progress });
    await terraform.init({});
    await work(terraform);
  } finally {
    await stop();
    await emulator.stop();
  }
}

async function planOne(terraform: Terraform, environment: Environment, planFile: string): Promise<PlanJson> {
  await terraform.useWorkspace(environment);
  await planOneRelease(
    terraform,
    { environment, ...planRelease, variables: planVariables[environment] },
    planFile,
  );
  const plan = JSON.parse(await terraform.show(planFile)) as PlanJson;
  await rm(planFile, { force: true });
  return plan;
}
