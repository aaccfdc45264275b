import { spawn } from 'node:child_process';
import { relative } from 'node:path';
import { createInterface } from 'node:readline';
import { Problem } from '../../../app/src/commands/problem.ts';

/** One root of Terraform, as far as this project drives it. Each call rejects with a `Problem` when Terraform fails. */
export interface Terraform {
  readonly directory: string;
  /** Checks providers against the committed lock file; `backend` fills what the backend block leaves open. */
  readonly init: (backend: Readonly<Record<string, string>>) => Promise<void>;
  /** Selects the workspace, and makes it when it is new. */
  readonly useWorkspace: (name: string) => Promise<void>;
  readonly deleteWorkspace: (name: string) => Promise<void>;
  /** Workspaces beside the default one. */
  readonly workspaces: () => Promise<readonly string[]>;
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

/** Tells that a step goes on. */
export interface Steps {
  readonly say: (line: string) => void;
  readonly during: <T>(step: string, work: (update: (status: string) => void) => Promise<T>) => Promise<T>;
}

export interface TerraformOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly progress: Steps;
  /** Whether what Terraform itself says of plan and apply is passed on. It hides what is marked as sensitive. */
  readonly isShown?: boolean;
}

export function createTerraform(
  directory: string,
  { env, progress, isShown = false }: TerraformOptions,
): Terraform {
  const run = (args: readonly string[], hear: (line: string) => void = () => undefined): Promise<Finished> =>
    runTerraform(args, { directory, env }, hear);
  const emulated =
    env['AWS_ACCESS_KEY_ID'] === 'test'
      ? `AWS_ENDPOINT_URL=${env['AWS_ENDPOINT_URL'] ?? ''} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test `
      : '';
  const unlock = `${emulated}terraform -chdir=${relative('', directory) || '.'} force-unlock`;
  const must = async (verb: string, ...args: readonly string[]): Promise<string> => {
    const finished = await run([verb, ...args]);
    if (finished.code !== 0) throw failureOf(verb, finished.errors, unlock);
    return finished.output;
  };
  /** A long one: its own lines, or the last of them while it goes on. Resolves with its exit code. */
  const during = (verb: string, args: readonly string[], good = [0]): Promise<number> =>
    progress.during(verb, async (update) => {
      const hear = (line: string): void => {
        if (isShown) progress.say(line);
        else if (line !== '') update(line);
      };
      const { code, errors } = await run([verb, '-input=false', '-no-color', ...args], hear);
      update('');
      if (!good.includes(code)) throw failureOf(verb, errors, unlock);
      return code;
    });

  return {
    directory,
    init: async (backend) => {
      const settings = Object.entries(backend).map(([key, value]) => `-backend-config=${key}=${value}`);
      // Settings from outside may name another account than last time, and the state is always in the bucket: there is nothing
      // to migrate. Without them Terraform's own guard against a forgotten migration stays on.
      const again = settings.length > 0 ? ['-reconfigure'] : [];
      await progress.during('init', () =>
        must('init', '-input=false', '-no-color', '-lockfile=readonly', ...again, ...settings),
      );
    },
    useWorkspace: async (name) => {
      await must('workspace', 'select', '-or-create', name);
    },
    workspaces: async () =>
      (await must('workspace', 'list'))
        .split('\n')
        .map((line) => line.replace(/^[*\s]+/, '').trim())
        .filter((name) => name !== '' && name !== 'default'),
    deleteWorkspace: async (name) => {
      await must('workspace', 'select', 'default');
      await must('workspace', 'delete', name);
    },
    plan: async ({ out, destroy = false, ...variables }) => {
      const args = [
        '-detailed-exitcode',
        `-out=${out}`,
        ...(destroy ? ['-destroy'] : []),
        ...given(variables),
      ];
      return (await during('plan', args, [0, 2])) === 2;
    },
    apply: async (planFile) => {
      await during('apply', [planFile]);
    },
    refresh: async (variables) => {
      await progress.during('refresh', () =>
        must('apply', '-input=false', '-no-color', '-refresh-only', '-auto-approve', ...given(variables)),
      );
    },
    show: (planFile) => must('show', '-json', ...(planFile === undefined ? [] : [planFile])),
    outputs: async () => {
      const values = JSON.parse(await must('output', '-json')) as Record<string, { value: unknown }>;
      return Object.fromEntries(Object.entries(values).map(([name, { value }]) => [name, value]));
    },
    resources: async () =>
      (await must('state', 'list')).split('\n').filter((line) => line !== '' && !/(^|\.)data\./.test(line)),
  };
}

const given = ({ variables, variablesFile }: Variables): readonly string[] => [
  ...(variablesFile === undefined ? [] : [`-var-file=${variablesFile}`]),
  ...Object.entries(variables).flatMap(([key, value]) => ['-var', `${key}=${value}`]),
];

interface Finished {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/**
 * Runs `terraform` to its end, whatever its exit code; rejects only when it can't be started. An interrupt from the
 * terminal reaches Terraform as well, which then stops in order and releases its lock: it is never killed from here.
 */
async function runTerraform(
  args: readonly string[],
  { directory, env }: { readonly directory: string; readonly env: NodeJS.ProcessEnv },
  hear: (line: string) => void,
): Promise<Finished> {
  const child = spawn('terraform', args, { cwd: directory, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const patient = (): void => undefined;
  process.on('SIGINT', patient);
  const lines: string[] = [];
  const errors: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    hear(line);
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => errors.push(chunk));
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', ({ message }) => {
        const remedy = 'Install Terraform 1.11 or newer and put it on the PATH.';
        reject(new Problem(`terraform can't be started: ${message}`, remedy));
      });
      child.once('close', (status) => {
        resolve(status ?? 1);
      });
    });
    return { code, output: lines.join('\n'), errors: errors.join('') };
  } finally {
    process.off('SIGINT', patient);
  }
}

/** What is known about a failure of Terraform, by what it says. */
const remedies: readonly (readonly [RegExp, string])[] = [
  [
    /Saved plan is stale/,
    'The state has changed since this plan was made. Plan again and have the new plan reviewed: a stale plan is never applied.',
  ],
  [
    /Error acquiring the state lock/,
    'Another run holds the lock, or one was killed (docs/runbook.md, "When the state is locked"). When you are sure that none runs: UNLOCK',
  ],
  [
    /No valid credential sources|ExpiredToken|InvalidClientTokenId|security token included in the request is (expired|invalid)/,
    'Sign in to the account (`aws sso login`, or AWS_PROFILE=…); `aws sts get-caller-identity` must answer.',
  ],
  [
    /^$/,
    'It was killed before it could say anything, and may have left its lock: docs/runbook.md, "When the state is locked".',
  ],
  [
    /NoSuchBucket|S3 bucket .* does not exist/,
    'This account has no state bucket yet: run `make bootstrap` first.',
  ],
  [/NotEmulated/, 'The emulator lacks this action: tools/sandbox/gaps.ts says what it adds to moto.'],
  [
    /locked provider .* (checksum|doesn't match)|doesn't match any of the checksums|lock file/i,
    'The provider is not the one in .terraform.lock.hcl. Never accept this in passing: find out where the other one came from.',
  ],
];

/** A failed call of Terraform: what it said, and what to do. `unlock` takes the lock away, with the lock's ID behind it. */
export function failureOf(verb: string, errors: string, unlock = 'terraform force-unlock'): Problem {
  const said = errors
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => `  ${line}`)
    .join('\n');
  const id = /^ *ID: +(\S+)/m.exec(said)?.[1] ?? '<ID as above>';
  const remedy = remedies
    .find(([pattern]) => pattern.test(said))?.[1]
    .replace('UNLOCK', () => `${unlock} ${id}`);
  return new Problem(
    `terraform ${verb} failed:\n${said}`,
    remedy ?? 'Correct what is named above and run the same command again: what is done already stays done.',
  );
}
