import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Misuse, Problem } from '../../app/src/commands/problem.ts';
import type { Progress } from '../lib/progress.ts';
import type { Difference } from '../lib/terraform/drift.ts';
import { settingsOf } from '../lib/pipeline-definition.ts';
import { terraformEnvironment } from '../lib/terraform/environment.ts';
import { stateResources } from '../lib/terraform/plan-json.ts';
import {
  backendOf,
  checkEnvironment,
  checkRelease,
  deployedCommit,
  enter,
  findDrift,
  planRelease,
  settleRelease,
  stageOf,
  type Backend,
  type Release,
} from '../lib/terraform/service-root.ts';
import { createTerraform, type Terraform } from '../lib/terraform/terraform.ts';
import type { Destroyed } from './left-behind.ts';
import {
  checkPlan,
  findLosses,
  givenUpTables,
  recordPlan,
  refuseLosses,
  type PlanRecord,
  type WantedPlan,
} from './plan-file.ts';
import { checkStage } from './stages.ts';

type Outputs = Readonly<Record<string, unknown>>;

/** The account that the caller's credentials are of, and what this project does in it. */
export interface Account {
  /** Makes state bucket, image repository and pipeline roles. Asks before it applies. */
  readonly bootstrap: (commit: string) => Promise<void>;
  /** Writes the plan of a release, and what it is for, to a file. */
  readonly plan: (release: Release, planFile: string) => Promise<void>;
  /** Rejects unless the plan file is the one that `plan` wrote for this. Resolves with what it is for. */
  readonly check: (wanted: WantedPlan, planFile: string) => Promise<PlanRecord>;
  /** Applies a plan file that was checked. */
  readonly apply: (planned: PlanRecord, planFile: string) => Promise<void>;
  /** Values of `terraform output` of an environment. */
  readonly outputs: (environment: string) => Promise<Outputs>;
  /** The same; rejects when nothing is deployed there. */
  readonly deployedOutputs: (environment: string) => Promise<Outputs>;
  /** What differs from what was applied last, and who has to look at it. */
  readonly drift: (environment: string) => Promise<readonly Difference[]>;
  /** Destroys an environment other than prod. Asks before it does. Resolves with what AWS may keep of it. */
  readonly destroy: (environment: string, commit: string) => Promise<Destroyed>;
  /** Destroys what `bootstrap` made, once no environment is left. Asks before it does. */
  readonly leave: (commit: string) => Promise<Destroyed>;
}

export interface AccountOptions {
  readonly project: string;
  readonly env: NodeJS.ProcessEnv;
  readonly progress: Progress;
  /** Asks a person to type a word; resolves with whether it was typed. */
  readonly confirm: (question: string, word: string) => Promise<boolean>;
}

export function createAccount({ project, env, progress, confirm }: AccountOptions): Account {
  const root = join(project, 'terraform');
  const scratch = join(project, '.cache', 'deploy');
  const meantLosses = env['LOSE'] ?? '';

  const withTerraform = async <T>(
    work: (roots: { bootstrap: Terraform; service: Terraform }) => Promise<T>,
  ): Promise<T> => {
    const terraform = await terraformEnvironment({ env });
    const open = (directory: string): Terraform =>
      createTerraform(directory, { env: terraform.env, progress, isShown: true });
    try {
      await mkdir(scratch, { recursive: true });
      return await work({ bootstrap: open(join(root, 'bootstrap')), service: open(root) });
    } finally {
      await terraform.stop();
    }
  };

  /** In the workspace of an environment, where the state of this account lies. */
  const inEnvironment = <T>(environment: string, work: (service: Terraform) => Promise<T>): Promise<T> => {
    checkEnvironment(root, environment);
    checkWorkspaceVariable(env, environment);
    return withTerraform(async ({ bootstrap, service }) => {
      const backend = await findBackend(env, async () => {
        progress.about('bootstrap');
        await bootstrap.init({});
        return bootstrap.outputs();
      });
      progress.about(environment);
      await enter(service, { backend, environment, progress });
      return work(service);
    });
  };

  /** A new workspace begins with an empty state, and a role that plans may write none: so they begin here. */
  const openWorkspaces = async (service: Terraform, outputs: Outputs): Promise<void> => {
    const environments = Object.keys(outputs['plan_role_arns'] ?? {});
    if (environments.length === 0) return;
    progress.about('workspaces');
    await service.init(backendOf(outputs));
    for (const environment of environments) await service.useWorkspace(environment);
  };

  const deployedOutputs = async (environment: string): Promise<Outputs> => {
    const outputs = await inEnvironment(environment, (service) => service.outputs());
    if (typeof outputs['image'] === 'string') return outputs;
    throw new Misuse(`${environment} is not deployed.`, `Deploy it first: make release ENV=${environment}`);
  };

  return {
    bootstrap: (commit) =>
      withTerraform(async ({ bootstrap, service }) => {
        const planFile = join(scratch, 'bootstrap.tfplan');
        progress.about('bootstrap');
        await bootstrap.init({});
        if (await bootstrap.plan({ out: planFile, variables: { commit } })) {
          refuseLosses(findLosses(await bootstrap.show(planFile)), meantLosses);
          if (!(await confirm('Apply this to the account?', 'yes')))
            throw new Misuse('Nothing was applied.', 'Type yes, or set CONFIRM=yes.');
          await bootstrap.apply(planFile);
        }
        const outputs = await bootstrap.outputs();
        await openWorkspaces(service, outputs);
        progress.say(explainState(outputs));
      }),

    plan: async (release, planFile) => {
      checkRelease(root, release);
      await inEnvironment(release.environment, async (service) => {
        await mkdir(dirname(planFile), { recursive: true });
        if (release.cursorKeyStage !== undefined) await checkRotation(service, release);
        await planRelease(service, { ...release, without: givenUpTables(meantLosses) }, planFile);
        const losses = findLosses(await service.show(planFile));
        refuseLosses(losses, meantLosses);
        await recordPlan(planFile, { ...release, losses });
      });
    },

    check: async (wanted, planFile) => {
      checkEnvironment(root, wanted.environment);
      return checkPlan(planFile, wanted);
    },

    apply: (planned, planFile) =>
      inEnvironment(planned.environment, async (service) => {
        const { environment, losses } = planned;
        // Once more, of the very file that is applied: its record says what somebody meant when it was planned.
        refuseLosses(findLosses(await service.show(planFile)), `${losses.join(' ')} ${meantLosses}`);
        try {
          await service.apply(planFile);
        } finally {
          // An apply that broke off has changed something, too.
          await settleRelease(service, planned, progress.say);
        }
        const { url } = await service.outputs();
        progress.say(`${environment} is applied: ${String(url)}`);
      }),

    outputs: (environment) => inEnvironment(environment, (service) => service.outputs()),
    deployedOutputs,

    drift: (environment) =>
      inEnvironment(environment, (service) =>
        findDrift(service, { environment }, join(scratch, `${environment}-drift.tfplan`)),
      ),

    destroy: async (environment, commit) => {
      checkEnvironment(root, environment);
      refuseProduction(environment);
      return inEnvironment(environment, async (service) => {
        const planFile = join(scratch, `${environment}-destroy.tfplan`);
        const { image, region } = await service.outputs();
        if (typeof image !== 'string')
          throw new Misuse(`${environment} is not deployed.`, 'There is nothing to destroy.');
        const locks = findLocks(await service.show());
        if (await planRelease(service, { environment, image, commit }, planFile, true)) {
          if (!(await confirm(`Destroy ${environment} with all its movies?`, environment)))
            throw new Misuse('Nothing was destroyed.', `Type ${environment}, or set CONFIRM=${environment}.`);
          await service.apply(planFile);
        }
        return { project: projectOf(env), environment, region: String(region), locks };
      });
    },

    leave: (commit) =>
      withTerraform(async ({ bootstrap, service }) => {
        if (existsSync(join(bootstrap.directory, 'backend.tf')))
          throw new Misuse(
            'The state of terraform/bootstrap lies in the bucket that would be deleted.',
            'Take it back, in terraform/bootstrap: rm backend.tf; terraform init -migrate-state',
          );
        const planFile = join(scratch, 'bootstrap-destroy.tfplan');
        const variables = { commit, state_is_disposable: 'true' };
        progress.about('bootstrap');
        await bootstrap.init({});
        const outputs = await bootstrap.outputs();
        await service.init(backendOf(outputs));
        for (const environment of await service.workspaces()) {
          await service.useWorkspace(environment);
          if ((await service.resources()).length === 0) continue;
          throw new Misuse(
            `${environment} is still deployed, and its state lies in the bucket that would be deleted.`,
            `Destroy it first: make destroy ENV=${environment}`,
          );
        }
        if (!(await confirm('Destroy state bucket, images, keys and pipeline roles?', 'bootstrap')))
          throw new Misuse('Nothing was destroyed.', 'Type bootstrap, or set CONFIRM=bootstrap.');
        // Bucket and repository are emptied by their deletion when, and only when, they were told so before.
        if (await bootstrap.plan({ out: planFile, variables })) await bootstrap.apply(planFile);
        if (await bootstrap.plan({ out: planFile, variables, destroy: true }))
          await bootstrap.apply(planFile);
        const region = backendOf(outputs)['region'] ?? '';
        return { project: projectOf(env), environment: 'shared', region, locks: [] };
      }),
  };
}

const projectOf = ({ TF_VAR_project: project = 'movies-api' }: NodeJS.ProcessEnv): string => project;

/** Vaults whose lock is in a state (`show -json`), with the longest time for which they keep a backup. */
export const findLocks = (stateJson: string): Destroyed['locks'] =>
  stateResources(stateJson)
    .filter(({ type }) => type === 'aws_backup_vault_lock_configuration')
    .map(({ values }) => settingsOf(values))
    .map((lock) => ({ vault: String(lock['backup_vault_name']), days: Number(lock['max_retention_days']) }));

/** A plan to another stage of the cursor keys is one from the commit that is deployed: a rotation changes nothing else. */
async function checkRotation(
  service: Terraform,
  { environment, commit, cursorKeyStage = 0 }: Release,
): Promise<void> {
  checkStage(stageOf(await service.outputs()), cursorKeyStage);
  const deployed = deployedCommit(await service.show());
  if (deployed === commit) return;
  throw new Problem(
    `${environment} is deployed from commit ${deployed}, and ${commit} is checked out.`,
    'A rotation changes nothing but keys: run it on the commit that is deployed, or release this one first.',
  );
}

export const refuseProduction = (environment: string): void => {
  if (environment !== 'prod') return;
  throw new Problem(
    'prod is never destroyed by this project.',
    'Its table, backups and state are protected one by one. Whoever really must: docs/deploy.md, by hand, with a second person.',
  );
};

/** Terraform obeys TF_WORKSPACE before anything else: another name in it would plan one environment into another. */
function checkWorkspaceVariable({ TF_WORKSPACE: workspace }: NodeJS.ProcessEnv, environment: string): void {
  if (workspace === undefined || workspace === environment) return;
  throw new Misuse(
    `TF_WORKSPACE is ${workspace}, the environment is ${environment}.`,
    'Unset TF_WORKSPACE: the workspace is chosen by ENV.',
  );
}

/** Settings of the backend, and the variables of a pipeline that give them. */
const stateVariables: Readonly<Record<string, string>> = {
  bucket: 'STATE_BUCKET',
  key: 'STATE_KEY',
  region: 'STATE_REGION',
  kms_key_id: 'STATE_KMS_KEY_ARN',
};

/**
 * Where the state of the service lies: what the variables STATE_… name (a pipeline), else the outputs of `terraform/bootstrap`
 * (a machine that ran `make bootstrap`). STATE_KEY may be left out where the project has its usual name.
 */
export async function findBackend(
  env: NodeJS.ProcessEnv,
  bootstrapOutputs: () => Promise<Outputs>,
): Promise<Backend> {
  const given = Object.entries(stateVariables).flatMap(([setting, name]) => {
    const value = env[name] ?? '';
    return value === '' ? [] : [[setting, value] as const];
  });
  if (given.length === 0) return backendOf(await bootstrapOutputs());
  const { TF_VAR_project: project = 'movies-api' } = env;
  const missing = Object.entries(stateVariables)
    .filter(([setting]) => !given.some(([known]) => known === setting))
    .filter(([setting]) => setting !== 'key' || project !== 'movies-api')
    .map(([, name]) => name);
  if (missing.length === 0) return Object.fromEntries(given);
  throw new Misuse(
    `${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} not set, and other variables STATE_… are.`,
    'Set all of them to what `make bootstrap` printed, or none on the machine that ran it.',
  );
}

const explainState = ({ backend_config: backend }: Outputs): string =>
  [
    'The state of terraform/bootstrap itself is still a file on this machine. Move it into the bucket, in terraform/bootstrap:',
    '  terraform output -raw own_backend > backend.tf   (not committed: it names the account)',
    '  terraform init -migrate-state                    (copies the state; delete terraform.tfstate* after)',
    'A pipeline, or another machine, finds the state of the service by these variables:',
    ...Object.entries(backend ?? {}).map(
      ([name, value]) => `  ${stateVariables[name] ?? name}=${String(value)}`,
    ),
  ].join('\n');
