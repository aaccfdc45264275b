import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createProgress } from '../../tools/lib/progress.ts';
import type { Outputs } from '../../tools/sandbox/deployment/applied.ts';
import { createControlClient, type Harm, type LocalState } from '../../tools/sandbox/deployment/state.ts';
import { type Finished, run } from '../../tools/lib/processes.ts';
import { emulatedAws } from '../../tools/lib/terraform/emulated.ts';
import {
  bitbucket,
  ensureEmulator,
  type LocalDeployment as AppliedDeployment,
  referenceOf,
  repository,
  withLocalDeployment,
} from '../../tools/sandbox/deployment/deploy.ts';
import { buildRelease } from '../../tools/sandbox/deployment/local-image.ts';
import {
  createEmulatorHome,
  createServingHome,
  type EmulatorProcess,
  type ServingRecord,
} from '../../tools/sandbox/deployment/processes.ts';
import { startTraffic } from '../../tools/sandbox/deployment/traffic.ts';
import { haproxy, program, type Requirement } from './requirements.ts';
import { awsProvider, registryModules, terraform } from './terraform.ts';

const project = resolve(import.meta.dirname, '../..');
const home = join(project, '.cache', 'test-deployment');
const waitMs = 20 * 60_000;

/** The local deployment in full, for one test file at a time. */
export interface LocalDeployment {
  /** Of the load balancer. */
  readonly url: string;
  /** AWS_ENDPOINT_URL of the emulated account; ECS and ELB tell there what is true of the tasks. */
  readonly aws: string;
  /** Of terraform/, as `terraform output` gives them. */
  readonly outputs: Outputs;
  readonly record: ServingRecord;
  /** Folder of the deployment. */
  readonly home: string;
  readonly state: () => Promise<LocalState>;
  /** Scopes are separated by spaces. */
  readonly token: (scope: string) => Promise<string>;
  readonly harm: Harm;
  /** Rejects, naming each difference, unless a further plan is empty. */
  readonly expectNoChanges: () => Promise<void>;
  /** What differs from what was applied. */
  readonly drift: AppliedDeployment['drift'];
  /** Heals it and leaves it to the next test file; it ends with the test run (unless KEEP_DEPLOYMENT=1). */
  readonly stop: () => Promise<void>;
}

/** What a machine needs for it; podman isn't among them. */
export const localDeploymentRequirements: readonly Requirement[] = [
  terraform,
  awsProvider,
  registryModules,
  program('python3', 'install Python 3.10 or newer'),
  haproxy,
];

/**
 * Takes the local deployment: builds, applies and starts it, or takes the one of an earlier test file of this run as it
 * is. Waits while another file has it; give `beforeAll` 20 minutes.
 */
export async function startLocalDeployment(): Promise<LocalDeployment> {
  await mkdir(home, { recursive: true });
  const giveBack = await takeLease(join(home, 'lease'), waitMs);
  // Who ends it: the run that used it last, which is this process or, of a worker, its parent.
  await writeFile(join(home, 'users.json'), JSON.stringify([process.pid, process.ppid]));
  try {
    const { record, outputs } = await ensureDeployed();
    const { state, token, harm } = createControlClient(record.control);
    const stop = async (): Promise<void> => {
      await harm({ kind: 'heal' });
      await giveBack();
    };
    return {
      url: record.url,
      aws: record.emulator,
      outputs,
      record,
      home,
      state,
      token,
      harm,
      expectNoChanges: () =>
        withApplied(String(outputs['image']), ({ expectNoChanges }) => expectNoChanges()),
      drift: () => withApplied(String(outputs['image']), ({ drift }) => drift()),
      stop,
    };
  } catch (error) {
    await giveBack();
    throw error;
  }
}

async function ensureDeployed(): Promise<{ record: ServingRecord; outputs: Outputs }> {
  const sources = await digestOfSources();
  const [emulator, serving] = [await createEmulatorHome(home).find(), await createServingHome(home).find()];
  const applied = await readFile(join(home, 'applied'), 'utf8').catch(() => '');
  if (emulator && serving?.emulator === emulator.url && applied === sources) {
    return {
      record: serving,
      outputs: JSON.parse(await readFile(join(home, 'outputs.json'), 'utf8')) as Outputs,
    };
  }
  return deploy(sources);
}

/** Not console: the reporter shows that when the file is done, and this takes minutes. */
const say = (line: string): void => {
  process.stderr.write(`  deployment: ${line}\n`);
};

async function deploy(sources: string): Promise<{ record: ServingRecord; outputs: Outputs }> {
  const building = buildRelease({ project, home, repository, say });
  return withApplied(referenceOf(building), async (deployment, emulator) => {
    await deployment.apply();
    const { runner } = await building;
    const outputs = await deployment.outputs();
    const record = await startTraffic({ home, emulator: emulator.url, outputs, runner, port: 0, say });
    await writeFile(join(home, 'applied'), sources);
    return { record, outputs };
  });
}

async function withApplied<T>(
  image: string | Promise<string>,
  work: (applied: AppliedDeployment, emulator: EmulatorProcess) => Promise<T>,
): Promise<T> {
  const emulator = await ensureEmulator(home);
  const context = { project, home, progress: createProgress(say, Date.now), commit: '0123456789abcdef' };
  return withLocalDeployment(context, emulator, image, (deployment) => work(deployment, emulator));
}

/** Of everything that is deployed. */
async function digestOfSources(): Promise<string> {
  const hash = createHash('sha256');
  for (const folder of ['app', 'terraform', 'modules']) {
    const entries = await readdir(join(project, folder), { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => !path.includes('/.terraform/'));
    for (const file of files.sort()) hash.update(file).update(await readFile(file));
  }
  return hash.digest('hex');
}

/**
 * What `make roles` says of an emulated account that has bootstrap and some environments.
 *
 * @param before what was held before a destroy, as this wrote it: then that is judged, and all that was asked since
 */
export async function judgeAccount(url: string, folder: string, before?: string): Promise<Finished> {
  const file = join(folder, `account-${before === undefined ? 'before' : 'after'}.json`);
  const ask = (...args: readonly string[]): Promise<Finished> =>
    run(process.execPath, ['tools/checks/roles/main.ts', ...args], {
      cwd: project,
      env: { ...emulatedAws(process.env, url, 'eu-west-1'), TF_VAR_bitbucket: JSON.stringify(bitbucket) },
    });
  const dumped = await ask('--dump', file);
  return dumped.code === 0 ? ask('--account', ...(before === undefined ? [] : [before]), file) : dumped;
}

const lookMs = 500;

/**
 * Waits until this process alone has something that test files share, by a file that names the process. One that ended
 * without giving it back has lost it. Resolves with how to give it back.
 */
async function takeLease(file: string, deadlineMs: number): Promise<() => Promise<void>> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const lease = await open(file, 'wx').catch(() => undefined);
    if (lease) {
      await lease.writeFile(String(process.pid));
      await lease.close();
      return () => rm(file, { force: true });
    }
    const holder = Number(await readFile(file, 'utf8').catch(() => ''));
    if (holder > 0 && !isAlive(holder)) await rm(file, { force: true });
    if (Date.now() > deadline) throw new Error(`${file} is held by process ${holder}`);
    await pause(lookMs);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
