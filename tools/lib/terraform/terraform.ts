import { failureOf } from './failure.ts';
import type { Progress } from '../progress.ts';
import { runTerraform, type Finished } from './terraform-process.ts';

/** One root of Terraform, as far as this project drives it. Each call rejects with a `Problem` when Terraform fails. */
export interface Terraform {
  readonly directory: string;
  /** Checks providers against the committed lock file; `backend` fills what the backend block leaves open. */
  readonly init: (backend: Readonly<Record<string, string>>) => Promise<void>;
  /** Selects the workspace, and makes it when it is new. */
  readonly useWorkspace: (name: string) => Promise<void>;
  readonly deleteWorkspace: (name: string) => Promise<void>;
  /** Writes a plan file. Resolves with whether it holds any change. */
  readonly plan: (options: PlanOptions) => Promise<boolean>;
  readonly apply: (planFile: string) => Promise<void>;
  /** Lets the state remember what is there; nothing else is changed. */
  readonly refresh: (options: Variables) => Promise<void>;
  /** `show -json` of a plan file, or of the state without one, as text. */
  readonly show: (planFile?: string) => Promise<string>;
  /** Output values of the applied state, by name. */
  readonly outputs: () => Promise<Readonly<Record<string, unknown>>>;
  /** Addresses of the managed resources in the state. */
  readonly resources: () => Promise<readonly string[]>;
}

export interface Variables {
  readonly variables: Readonly<Record<string, string>>;
  readonly variablesFile?: string | undefined;
}

export interface PlanOptions extends Variables {
  readonly out: string;
  readonly destroy?: boolean;
}

export function createTerraform(
  directory: string,
  { env, progress }: { readonly env: NodeJS.ProcessEnv; readonly progress: Progress },
): Terraform {
  const must = async (verb: string, ...args: readonly string[]): Promise<Finished> => {
    const finished = await runTerraform([verb, ...args], { directory, env });
    if (finished.code !== 0) throw failureOf(verb, finished);
    return finished;
  };

  return {
    directory,
    init: async (backend) => {
      const settings = Object.entries(backend).map(([key, value]) => `-backend-config=${key}=${value}`);
      await progress.during('init', () =>
        must(
          'init',
          '-input=false',
          '-no-color',
          '-lockfile=readonly',
          ...reconfigure(settings),
          ...settings,
        ),
      );
    },
    useWorkspace: async (name) => {
      await must('workspace', 'select', '-or-create', name);
    },
    deleteWorkspace: async (name) => {
      await must('workspace', 'select', 'default');
      await must('workspace', 'delete', name);
    },
    plan: async ({ out, variables, variablesFile, destroy = false }) => {
      const args = [
        'plan',
        '-json',
        '-input=false',
        '-detailed-exitcode',
        `-out=${out}`,
        ...(destroy ? ['-destroy'] : []),
        ...given({ variables, variablesFile }),
      ];
      const finished = await progress.during('plan', (tell) => runTerraform(args, { directory, env }, tell));
      if (finished.code !== 0 && finished.code !== 2) throw failureOf('plan', finished);
      return finished.code === 2;
    },
    apply: async (planFile) => {
      const args = ['apply', '-json', '-input=false', planFile];
      const finished = await progress.during('apply', (tell) => runTerraform(args, { directory, env }, tell));
      if (finished.code !== 0) throw failureOf('apply', finished);
    },
    refresh: async (options) => {
      await progress.during('refresh', () =>
        must('apply', '-json', '-input=false', '-refresh-only', '-auto-approve', ...given(options)),
      );
    },
    show: async (planFile) =>
      (await must('show', '-json', ...(planFile === undefined ? [] : [planFile]))).output,
    outputs: async () => {
      const values = JSON.parse((await must('output', '-json')).output) as Record<string, { value: unknown }>;
      return Object.fromEntries(Object.entries(values).map(([name, { value }]) => [name, value]));
    },
    resources: async () =>
      (await must('state', 'list')).output
        .split('\n')
        .filter((line) => line !== '' && !/(^|\.)data\./.test(line)),
  };
}

const given = ({ variables, variablesFile }: Variables): readonly string[] => [
  ...(variablesFile === undefined ? [] : [`-var-file=${variablesFile}`]),
  ...Object.entries(variables).flatMap(([key, value]) => ['-var', `${key}=${value}`]),
];

/**
 * Settings given from outside may name another account than last time, and the state is always in the bucket: there is
 * nothing to migrate. Without them Terraform's own guard against a forgotten migration stays on.
 */
const reconfigure = (settings: readonly string[]): readonly string[] =>
  settings.length > 0 ? ['-reconfigure'] : [];
