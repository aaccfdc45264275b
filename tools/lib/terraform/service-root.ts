import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Misuse, Problem, reasonOf } from '../../../app/src/commands/problem.ts';
import type { Backend } from './backend.ts';
import { checkStage, stageOf } from './cursor-key-stage.ts';
import { deployedCommit } from './deployed-commit.ts';
import { findDifferences, type Difference } from './drift.ts';
import { checkModules } from './module-check.ts';
import type { Progress } from '../progress.ts';
import type { Terraform, Variables } from './terraform.ts';

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
  /** Further variables. */
  readonly variables?: Readonly<Record<string, string>>;
}

/** Misuse, said before anything is started: an environment without tfvars, an image that can change its content. */
export function checkRelease(
  root: string,
  { environment, image }: Pick<Release, 'environment' | 'image'>,
): void {
  checkEnvironment(root, environment);
  if (!/@sha256:[0-9a-f]{64}$/.test(image)) {
    throw new Misuse(
      image === '' ? 'No image is named.' : `${image} names an image by a tag, or not at all.`,
      'Name it by digest, IMAGE=<repository>@sha256:<64 hex digits>: a tag can be moved to other content after the review. `make image` prints the digest.',
    );
  }
}

export function checkEnvironment(root: string, environment: string): void {
  if (/^[a-z][a-z0-9]*$/.test(environment) && existsSync(variablesFile(root, environment))) return;
  throw new Misuse(
    environment === '' ? 'No environment is named.' : `There is no environment ${environment}.`,
    `Name one with ENV=<environment>; each has a file terraform/environments/<environment>.tfvars.`,
  );
}

/** Makes a root ready to plan one environment: initialised, modules as reviewed, workspace selected. */
export async function enter(
  terraform: Terraform,
  { backend, environment, progress }: { backend: Backend; environment: string; progress: Progress },
): Promise<void> {
  await terraform.init(backend);
  await checkModules(terraform.directory, progress.say);
  await terraform.useWorkspace(environment);
}

/**
 * Plans to a file. Resolves with whether there is anything to change. A plan to another stage of the cursor keys is one
 * from the commit that is deployed: a rotation changes nothing else.
 */
export async function planRelease(
  terraform: Terraform,
  release: Release,
  out: string,
  destroy = false,
): Promise<boolean> {
  if (release.cursorKeyStage !== undefined) await checkRotation(terraform, release, release.cursorKeyStage);
  return terraform.plan({ out, destroy, ...(await variablesOf(terraform, release)) });
}

async function checkRotation(
  terraform: Terraform,
  { environment, commit }: Release,
  to: number,
): Promise<void> {
  checkStage(stageOf(await terraform.outputs()), to);
  const deployed = deployedCommit(await terraform.show());
  if (deployed === commit) return;
  throw new Problem(
    `${environment} is deployed from commit ${deployed}, and ${commit} is checked out.`,
    'A rotation changes nothing but keys: run it on the commit that is deployed, or release this one first.',
  );
}

/**
 * After an apply, the state lacks what AWS made of it later: the rules of a security group that were made after the group.
 * Without this, the drift check would take it for somebody's work. A release doesn't fail by it.
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

/** Who plans without asking for a stage gets the one that was reached: no release takes a rotation back. */
async function variablesOf(
  terraform: Terraform,
  { environment, image, commit, cursorKeyStage, variables = {} }: Release,
): Promise<Variables> {
  const stage = cursorKeyStage ?? stageOf(await terraform.outputs());
  return {
    variablesFile: variablesFile(terraform.directory, environment),
    variables: { ...variables, image, commit, cursor_key_stage: String(stage) },
  };
}

const variablesFile = (root: string, environment: string): string =>
  join(root, 'environments', `${environment}.tfvars`);

export const refuseProduction = (environment: string): void => {
  if (environment !== 'prod') return;
  throw new Problem(
    'prod is never destroyed by this project.',
    'Its table, backups and state are protected one by one. Whoever really must: docs/runbook.md, by hand, with a second person.',
  );
};
