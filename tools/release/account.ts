import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Misuse } from '../../app/src/commands/problem.ts';
import type { Progress } from '../lib/progress.ts';
import { backendOf, findBackend } from '../lib/terraform/backend.ts';
import type { Difference } from '../lib/terraform/drift.ts';
import { terraformEnvironment } from '../lib/terraform/environment.ts';
import { describeCounts, summarisePlan, type PlanSummary } from '../lib/terraform/plan-summary.ts';
import {
  checkEnvironment,
  checkRelease,
  enter,
  findDrift,
  planRelease,
  refuseProduction,
  settleRelease,
  type Release,
} from '../lib/terraform/service-root.ts';
import { createTerraform, type Terraform } from '../lib/terraform/terraform.ts';
import { checkPlan, recordPlan } from './plan-record.ts';

/** The account that the caller's credentials are of, and what this project does in it. */
export interface Account {
  /** Makes state bucket, image repository and pipeline roles. Asks before it applies. */
  readonly bootstrap: (commit: string) => Promise<void>;
  /** Writes the plan of a release, and what it is for, to a file. */
  readonly plan: (release: Release, planFile: string) => Promise<void>;
  /** Applies a plan file that `plan` wrote, and no other. */
  readonly apply: (release: Omit<Release, 'image'> & { image?: string }, planFile: string) => Promise<void>;
  /** Values of `terraform output` of an environment. */
  readonly outputs: (environment: string) => Promise<Readonly<Record<string, unknown>>>;
  /** What differs from what was applied last, and who has to look at it. */
  readonly drift: (environment: string) => Promise<readonly Difference[]>;
  /** Destroys an environment other than prod. Asks before it does. */
  readonly destroy: (environment: string, commit: string) => Promise<void>;
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

  const withTerraform = async <T>(
    work: (roots: { bootstrap: Terraform; service: Terraform }) => Promise<T>,
  ): Promise<T> => {
    const terraform = await terraformEnvironment({ env });
    try {
      return await work({
        bootstrap: createTerraform(join(root, 'bootstrap'), { env: terraform.env, progress }),
        service: createTerraform(root, { env: terraform.env, progress }),
      });
    } finally {
      await terraform.stop();
    }
  };

  const enterService = async (
    { bootstrap, service }: { bootstrap: Terraform; service: Terraform },
    environment: string,
  ): Promise<void> => {
    const backend = await findBackend(env, async () => {
      progress.about('bootstrap');
      await bootstrap.init({});
      return bootstrap.outputs();
    });
    progress.about(environment);
    await enter(service, { backend, environment, progress });
  };

  /** A new workspace begins with an empty state, and a role that plans may write none: so they begin here. */
  const openWorkspaces = async (
    service: Terraform,
    outputs: Readonly<Record<string, unknown>>,
  ): Promise<void> => {
    const environments = Object.keys(outputs['plan_role_arns'] ?? {});
    if (environments.length === 0) return;
    progress.about('workspaces');
    await service.init(backendOf(outputs));
    for (const environment of environments) await service.useWorkspace(environment);
  };

  const show = async (terraform: Terraform, planFile: string): Promise<PlanSummary> => {
    const summary = summarisePlan(await terraform.show(planFile));
    progress.say([...summary.lines, describeCounts(summary)].join('\n'));
    return summary;
  };

  return {
    bootstrap: (commit) =>
      withTerraform(async ({ bootstrap, service }) => {
        const planFile = join(scratch, 'bootstrap.tfplan');
        await mkdir(scratch, { recursive: true });
        progress.about('bootstrap');
        await bootstrap.init({});
        if (await bootstrap.plan({ out: planFile, variables: { commit } })) {
          await show(bootstrap, planFile);
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
      checkWorkspaceVariable(env, release.environment);
      await withTerraform(async (roots) => {
        await enterService(roots, release.environment);
        await mkdir(dirname(planFile), { recursive: true });
        await planRelease(roots.service, release, planFile);
        await show(roots.service, planFile);
        await recordPlan(planFile, release);
      });
    },

    apply: async (release, planFile) => {
      const { environment, image } = release;
      checkEnvironment(root, environment);
      checkWorkspaceVariable(env, environment);
      const planned = await checkPlan(planFile, { ...release, image });
      await withTerraform(async (roots) => {
        await enterService(roots, environment);
        await roots.service.apply(planFile);
        await settleRelease(roots.service, planned, progress.say);
        const { url } = await roots.service.outputs();
        progress.say(`${environment} is applied: ${String(url)}`);
      });
    },

    outputs: async (environment) => {
      checkEnvironment(root, environment);
      checkWorkspaceVariable(env, environment);
      return withTerraform(async (roots) => {
        await enterService(roots, environment);
        return roots.service.outputs();
      });
    },

    drift: async (environment) => {
      checkEnvironment(root, environment);
      checkWorkspaceVariable(env, environment);
      return withTerraform(async (roots) => {
        await mkdir(scratch, { recursive: true });
        await enterService(roots, environment);
        return findDrift(roots.service, { environment }, join(scratch, `${environment}-drift.tfplan`));
      });
    },

    destroy: async (environment, commit) => {
      checkEnvironment(root, environment);
      refuseProduction(environment);
      checkWorkspaceVariable(env, environment);
      await withTerraform(async (roots) => {
        const planFile = join(scratch, `${environment}-destroy.tfplan`);
        await mkdir(scratch, { recursive: true });
        await enterService(roots, environment);
        const { image } = await roots.service.outputs();
        if (typeof image !== 'string')
          throw new Misuse(`${environment} is not deployed.`, 'There is nothing to destroy.');
        if (!(await planRelease(roots.service, { environment, image, commit }, planFile, true))) return;
        await show(roots.service, planFile);
        if (!(await confirm(`Destroy ${environment} with all its movies?`, environment)))
          throw new Misuse('Nothing was destroyed.', `Type ${environment}, or set CONFIRM=${environment}.`);
        await roots.service.apply(planFile);
      });
    },
  };
}

/** Terraform obeys TF_WORKSPACE before anything else: another name in it would plan one environment into another. */
function checkWorkspaceVariable({ TF_WORKSPACE: workspace }: NodeJS.ProcessEnv, environment: string): void {
  if (workspace === undefined || workspace === environment) return;
  throw new Misuse(
    `TF_WORKSPACE is ${workspace}, the environment is ${environment}.`,
    'Unset TF_WORKSPACE: the workspace is chosen by ENV.',
  );
}

const explainState = ({ backend_config: backend }: Readonly<Record<string, unknown>>): string =>
  [
    'The state of terraform/bootstrap itself is still a file on this machine. Move it into the bucket, in terraform/bootstrap:',
    '  terraform output -raw own_backend > backend.tf   (not committed: it names the account)',
    '  terraform init -migrate-state                    (copies the state; delete terraform.tfstate* after)',
    'A pipeline, or another machine, finds the state of the service by these variables:',
    ...Object.entries(backend ?? {}).map(([name, value]) => `  ${variables[name] ?? name}=${String(value)}`),
  ].join('\n');

const variables: Readonly<Record<string, string>> = {
  bucket: 'STATE_BUCKET',
  region: 'STATE_REGION',
  kms_key_id: 'STATE_KMS_KEY_ARN',
};
