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
  const emulator = await startEmulator(project);
  const { env, stop } = await terraformEnvironment({
    env: emulatedAws(process.env, emulator.url, 'eu-west-1'),
  });
  try {
    const { service: cwd } = await prepareScratch(project, join(cache, 'tree'));
    await writeFile(join(cwd, 'backend_override.tf'), localState);
    const terraform = (...args: readonly string[]): Promise<string> =>
      output('terraform', args, { cwd, env });
    say('terraform init …');
    await terraform('init', '-input=false', '-no-color', '-lockfile=readonly');
    for (const environment of environments) {
      say(`planning ${environment} …`);
      await terraform('workspace', 'select', '-or-create', environment);
      const planFile = join(cache, `${environment}.tfplan`);
      const variables = { ...planVariables[environment], ...planRelease, cursor_key_stage: '0' };
      const given = Object.entries(variables).flatMap(([name, value]) => ['-var', `${name}=${value}`]);
      const values = `-var-file=environments/${environment}.tfvars`;
      await terraform('plan', '-input=false', '-no-color', `-out=${planFile}`, values, ...given);
      await writeFile(`${fileOf(environment)}.part`, await terraform('show', '-json', planFile));
      await rename(`${fileOf(environment)}.part`, fileOf(environment));
      await rm(planFile);
    }
  } finally {
    await stop();
    await emulator.stop();
  }
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
