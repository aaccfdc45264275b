import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { Problem, reasonOf } from '../../app/src/commands/problem.ts';
import { createAccount } from './account.ts';
import { describeDifference } from '../lib/terraform/drift.ts';
import { checkPlan } from './plan-record.ts';
import { createProgress } from '../lib/progress.ts';
import type { Release } from '../lib/terraform/service-root.ts';
import { checkSignature } from './signature.ts';
import { reportDrift } from '../lib/terraform/drift-report.ts';
import { writeReport } from '../lib/insights.ts';
import { createCosign } from './cosign.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));
const progress = createProgress(console.log, Date.now);

/** The commit that the files are of; with uncommitted changes it is said that the tag doesn't tell all. */
function readCommit(): string {
  const git = (...args: readonly string[]): string =>
    execFileSync('git', args, { cwd: project }).toString().trim();
  if (
    git(
      'status',
      '--porcelain',
      '--',
      'terraform',
      'modules',
      'app/table.json',
      'app/collector',
      'docs/slo.yaml',
    ) !== ''
  ) {
    progress.say('note: Terraform files are not committed; the tag `commit` names the last commit.');
  }
  return git('rev-parse', 'HEAD');
}

async function confirm(question: string, word: string): Promise<boolean> {
  const given = process.env['CONFIRM'];
  if (given !== undefined && given !== '') return given === word;
  if (!process.stdin.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return (await terminal.question(`${question} Type ${word}: `)) === word;
  } finally {
    terminal.close();
  }
}

const account = createAccount({ project, env: process.env, progress, confirm });
const cosign = createCosign(process.env);
const planFileOf = (environment: string): string =>
  join(project, '.cache', 'deploy', `${environment}.tfplan`);

interface Options {
  readonly env: string;
  readonly image: string;
  readonly plan: string;
  readonly cursorKeyStage?: number;
}

const program = new Command('deploy')
  .description('Builds this project in an AWS account, or in an emulated one on this machine')
  .addHelpText('after', '\nExit codes: 0 done, 1 a refusal or failure, 2 misuse.')
  .exitOverride();

const environment = ['--env <name>', 'environment: a file terraform/environments/<name>.tfvars', ''] as const;
const image = ['--image <reference>', 'image by digest: <repository>@sha256:<64 hex digits>', ''] as const;

/** `make rotate-cursor-key` names one; nobody else does. */
const stage = [
  '--cursor-key-stage <number>',
  'stage of the cursor keys, next to the one that was reached',
  readStage,
] as const;

function readStage(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It is a whole number.');
}
const wantedStage = ({ cursorKeyStage }: Options): Pick<Release, 'cursorKeyStage'> =>
  cursorKeyStage === undefined ? {} : { cursorKeyStage };

program
  .command('bootstrap')
  .description('Once per account: state bucket, image repository, pipeline roles')
  .action(() => account.bootstrap(readCommit()));

program
  .command('plan')
  .description('Write the plan of a release to a file, and show it')
  .option(...environment)
  .option(...image)
  .option(...stage)
  .option('--plan <file>', 'where to', '')
  .action(async (options: Options) => {
    const { env, image: reference, plan } = options;
    const file = plan === '' ? planFileOf(env) : resolve(plan);
    await account.plan(
      { environment: env, image: reference, commit: readCommit(), ...wantedStage(options) },
      file,
    );
    progress.say(`The plan is in ${file}; apply exactly this: make deploy ENV=${env} PLAN=${file}`);
  });

program
  .command('deploy')
  .description('Plan a release, show it and apply that very plan; or apply a plan that was approved (--plan)')
  .option(...environment)
  .option(...image)
  .option(...stage)
  .option('--plan <file>', 'plan file to apply', '')
  .action(async (options: Options) => {
    const { env, image: reference, plan: given } = options;
    const about = { environment: env, commit: readCommit(), ...wantedStage(options) };
    if (given !== '') {
      // Terraform runs in its own folder.
      const plan = resolve(given);
      const release = { ...about, ...(reference === '' ? {} : { image: reference }) };
      const planned = await checkPlan(plan, { image: undefined, ...release });
      await checkSignature(planned, { env: process.env, cosign, say: progress.say });
      await account.apply(release, plan);
      return;
    }
    const release = { ...about, image: reference };
    await account.plan(release, planFileOf(env));
    await checkSignature(release, { env: process.env, cosign, say: progress.say });
    await account.apply(release, planFileOf(env));
  });

program
  .command('drift')
  .description('What differs from what was applied last, and who has to look at it')
  .option('--env <name>', 'an environment that is deployed', '')
  .addHelpText(
    'after',
    '\nExit codes: 0 as applied (the autoscaler may have scaled), 1 something differs, 2 misuse.',
  )
  .action(async ({ env }: Options) => {
    const differences = await account.drift(env);
    const report = reportDrift(env, differences);
    await writeReport(join(project, 'reports', `drift-${env}`), report);
    progress.say(['', ...differences.map(describeDifference), report.details].join('\n'));
    process.exitCode = report.result === 'PASSED' ? 0 : 1;
  });

program
  .command('destroy')
  .description('Destroy an environment; never prod')
  .option(...environment)
  .action(({ env }: Options) => account.destroy(env, readCommit()));

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof Problem) {
    console.error(`\n${error.message}\n${error.remedy}`);
    process.exitCode = error.exitCode;
  } else if (error instanceof Error && 'exitCode' in error) {
    // Commander has printed the reason; it ends help with 0 and misuse with 1.
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    console.error(reasonOf(error));
    process.exitCode = 1;
  }
}
