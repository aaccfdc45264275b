import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Problem } from '../../../app/src/commands/problem.ts';
import { emulatedAws, prepareScratch } from '../../lib/terraform/emulated.ts';
import type { PlanJson } from '../../lib/terraform/plan-json.ts';
import { output } from '../../lib/processes.ts';
import { terraformEnvironment } from '../../lib/terraform/environment.ts';
import { digestInputs, environments, planRelease, planVariables, type Environment } from './inputs.ts';
import { normalise, type Recording } from './recording.ts';

type Say = (line: string) => void;

/** A plan needs no state but an empty one, on the disk. */
const localState = 'terraform {\n  backend "local" {}\n}\n';

/**
 * Plans every environment from nothing with the real Terraform, provider and modules, asking the emulator where AWS would
 * be asked. Plans are kept in `.cache/plans` by the digest of what they are made from: the same inputs are planned once.
 */
export async function planEnvironments(
  project: string,
  say: Say,
): Promise<ReadonlyMap<Environment, Recording>> {
  const inputs = await digestInputs(project);
  const cache = join(project, '.cache', 'plans');
  const fileOf = (environment: Environment): string => join(cache, `${environment}-${inputs}.json`);
  if (!environments.every((environment) => existsSync(fileOf(environment)))) {
    await mkdir(cache, { recursive: true });
    await planAll(project, cache, fileOf, say);
  }
  const recordings = environments.map(async (environment): Promise<[Environment, Recording]> => [
    environment,
    { inputs, plan: normalise(JSON.parse(await readFile(fileOf(environment), 'utf8')) as PlanJson) },
  ]);
  return new Map(await Promise.all(recordings));
}

async function planAll(
  project: string,
  cache: string,
  fileOf: (environment: Environment) => string,
  say: Say,
): Promise<void> {
  say('terraform init …');
  const planner = await startPlanner(project, cache);
  try {
    for (const environment of environments) {
      say(`planning ${environment} …`);
      await writeFile(`${fileOf(environment)}.part`, await planner.plan(environment));
      await rename(`${fileOf(environment)}.part`, fileOf(environment));
    }
  } finally {
    await planner.stop();
  }
}

/** A copy of the HCL that is initialised once, with the emulator that it asks. */
export interface Planner {
  /** Plans the files as they are now, from nothing, and resolves with the plan as JSON. */
  readonly plan: (environment: Environment) => Promise<string>;
  readonly stop: () => Promise<void>;
}

export async function startPlanner(project: string, cache: string): Promise<Planner> {
  const emulator = await startEmulator(project);
  const { env, stop: end } = await terraformEnvironment({
    env: emulatedAws(process.env, emulator.url, 'eu-west-1'),
  });
  const stop = async (): Promise<void> => {
    await end();
    await emulator.stop();
  };
  const copy = async (): Promise<string> => {
    const { service } = await prepareScratch(project, join(cache, 'tree'));
    await writeFile(join(service, 'backend_override.tf'), localState);
    return service;
  };
  const terraform = async (...args: readonly string[]): Promise<string> =>
    output('terraform', args, { cwd: join(cache, 'tree', 'terraform'), env });
  try {
    await copy();
    await terraform('init', '-input=false', '-no-color', '-lockfile=readonly');
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    plan: async (environment) => {
      await copy();
      await terraform('workspace', 'select', '-or-create', environment);
      const planFile = join(cache, `${environment}.tfplan`);
      const variables = { ...planVariables[environment], ...planRelease };
      const given = Object.entries(variables).flatMap(([name, value]) => ['-var', `${name}=${value}`]);
      const values = `-var-file=environments/${environment}.tfvars`;
      await terraform('plan', '-input=false', '-no-color', `-out=${planFile}`, values, ...given);
      const told = await terraform('show', '-json', planFile);
      await rm(planFile);
      return told;
    },
    stop,
  };
}

/** The emulator as a person would start it, on a free port. It may take long once, while it is installed. */
async function startEmulator(project: string): Promise<{ url: string; stop: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'plans-'));
  const record = join(folder, 'emulator.json');
  const child = spawn(
    process.execPath,
    [join(project, 'tools/sandbox/run-emulator.ts'), '--port', '0', '--record', record],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const ended = new Promise<void>((resolve) =>
    child.once('close', () => {
      resolve();
    }),
  );
  while (!existsSync(record)) {
    if (child.exitCode !== null)
      throw new Problem('The emulator that plans are made against did not start.', 'Its reason is above.');
    await Promise.race([ended, pause(100)]);
  }
  const { url } = JSON.parse(await readFile(record, 'utf8')) as { url: string };
  return {
    url,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
