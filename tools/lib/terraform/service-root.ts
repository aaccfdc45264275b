import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Misuse, Problem, reasonOf } from '../../../app/src/commands/problem.ts';
import { checkModules } from '../module-lock.ts';
import { settingsOf } from '../pipeline-definition.ts';
import { findDifferences, type Difference } from './drift.ts';
import { stateResources } from './plan-json.ts';
import type { Steps, Terraform, Variables } from './terraform.ts';

/** What is deployed where. */
export interface Release {
  /** Name of the environment, its workspace and its tfvars file. */
  readonly environment: string;
  /** `…@sha256:…` */
  readonly image: string;
  /** Git commit that the deployment is made from. */
  readonly commit: string;
  /** Stage of the cursor keys that is wanted; the state's, where none is. */
  readonly cursorKeyStage?: number;
  /** Name of the table that is to serve; the one that serves, where none is. */
  readonly table?: string;
  /** Restored tables that are given up; none otherwise. */
  readonly without?: readonly string[];
  /** Further variables. */
  readonly variables?: Readonly<Record<string, string>>;
}

type Outputs = Readonly<Record<string, unknown>>;

/** Settings of the S3 backend that differ by account and project: bucket, region, kms_key_id, key. */
export type Backend = Readonly<Record<string, string>>;

/** Misuse, said before anything is started: an environment without tfvars, an image that can change its content. */
export function checkRelease(
  root: string,
  { environment, image }: Pick<Release, 'environment' | 'image'>,
): void {
  checkEnvironment(root, environment);
  if (!/@sha256:[0-9a-f]{64}$/.test(image)) {
    const byDigest = 'Name it by digest, IMAGE=<repository>@sha256:<64 hex digits>';
    throw image === ''
      ? new Misuse(
          'No image is named, and there is no file release/image.',
          `${byDigest}. In a pipeline that file is an artifact, which Bitbucket drops after 14 days: run the pipeline again on that commit.`,
        )
      : new Misuse(
          `${image} names an image by a tag, or not at all.`,
          `${byDigest}: a tag can be moved to other content after the review. \`make image\` prints the digest.`,
        );
  }
}

export function checkEnvironment(root: string, environment: string): void {
  if (/^[a-z][a-z0-9]*$/.test(environment) && existsSync(variablesFile(root, environment))) return;
  throw new Misuse(
    environment === '' ? 'No environment is named.' : `There is no environment ${environment}.`,
    environment === 'local'
      ? '`make deploy-local` releases to this machine, and takes back what was changed there past it.'
      : `Name one with ENV=<environment>; each has a file terraform/environments/<environment>.tfvars.`,
  );
}

/** Makes a root ready to plan one environment: initialised, modules as reviewed, workspace selected. */
export async function enter(
  terraform: Terraform,
  { backend, environment, progress }: { backend: Backend; environment: string; progress: Pick<Steps, 'say'> },
): Promise<void> {
  await terraform.init(backend);
  await checkModules(terraform.directory, progress.say);
  await terraform.useWorkspace(environment);
}

/** Plans to a file. Resolves with whether there is anything to change. */
export async function planRelease(
  terraform: Terraform,
  release: Release,
  out: string,
  destroy = false,
): Promise<boolean> {
  return terraform.plan({ out, destroy, ...(await variablesOf(terraform, release)) });
}

/**
 * After an apply, whole or broken off, the state lacks what AWS made of it later: the rules of a security group that were made
 * after the group. Without this, the drift check would take it for somebody's work. A release doesn't fail by it.
 */
export async function settleRelease(
  terraform: Terraform,
  release: Release,
  say: (line: string) => void,
): Promise<void> {
  await variablesOf(terraform, release)
    .then(terraform.refresh)
    .catch((error: unknown) => {
      say(
        `note: the state was not refreshed, the next drift check may name what this made. ${reasonOf(error)}`,
      );
    });
}

/** What differs from what was applied last. */
export async function findDrift(
  terraform: Terraform,
  release: Omit<Release, 'image' | 'commit'>,
  planFile: string,
): Promise<readonly Difference[]> {
  const { image } = await terraform.outputs();
  if (typeof image !== 'string')
    throw new Misuse(`${release.environment} is not deployed.`, 'There is nothing that could drift.');
  const commit = deployedCommit(await terraform.show());
  await planRelease(terraform, { ...release, image, commit }, planFile);
  return findDifferences(await terraform.show(planFile));
}

/** The output `backend_config` of `terraform/bootstrap`. */
export function backendOf({ backend_config: config }: Outputs): Backend {
  const settings = Object.entries(config ?? {}).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  if (settings.length > 0) return Object.fromEntries(settings);
  throw new Problem(
    'Where the state of this account lies is not known: terraform/bootstrap has no outputs here.',
    'Run `make bootstrap` once per account; elsewhere set the variables STATE_… to what it printed.',
  );
}

/** Stage of the cursor keys (modules/rotated-secret) that was reached; 0 before the first deployment. */
export const stageOf = ({ cursor_key_stage: stage }: Outputs): number =>
  typeof stage === 'number' ? stage : 0;

/** The tables of an environment (terraform/variables.tf), and with them the one that is to serve from now on. */
export interface Tables {
  readonly restored: readonly string[];
  readonly serving?: string;
}

const isRestored = (name: string): boolean => /-(at|from)-[0-9A-Za-z-]+$/.test(name);

/** What the state has, with the table that is wanted; the first one has no such name, and is no restored one. */
export function tablesOf(
  { tables }: Outputs,
  { table, without = [] }: Pick<Release, 'table' | 'without'> = {},
): Tables {
  const { restored = [], serving } = (tables ?? {}) as {
    restored?: readonly string[];
    serving?: string | null;
  };
  const wanted = table ?? serving ?? undefined;
  const all = new Set([...restored, ...(wanted === undefined ? [] : [wanted])]);
  const kept = [...all].filter((name) => isRestored(name) && !without.includes(name)).sort();
  return { restored: kept, ...(wanted === undefined ? {} : { serving: wanted }) };
}

/** The commit that a state (`show -json`) was applied from, by the tag that everything of it has. */
export function deployedCommit(stateJson: string): string {
  for (const { values } of stateResources(stateJson)) {
    const commit = settingsOf(settingsOf(values)['tags_all'])['commit'];
    if (typeof commit === 'string') return commit;
  }
  throw new Problem('Nothing in the state has the tag `commit`.', 'Deploy once: make deploy ENV=… IMAGE=…');
}

/** Who plans without asking for a stage or a table gets what was reached: no release takes a rotation or a restore back. */
async function variablesOf(
  terraform: Terraform,
  { environment, image, commit, cursorKeyStage, variables = {}, ...tables }: Release,
): Promise<Variables> {
  const outputs = await terraform.outputs();
  const stage = cursorKeyStage ?? stageOf(outputs);
  return {
    variablesFile: variablesFile(terraform.directory, environment),
    variables: {
      ...{ ...variables, image, commit, cursor_key_stage: String(stage) },
      tables: JSON.stringify(tablesOf(outputs, tables)),
    },
  };
}

const variablesFile = (root: string, environment: string): string =>
  join(root, 'environments', `${environment}.tfvars`);
