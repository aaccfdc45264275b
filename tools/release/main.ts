import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { InvalidArgumentError, Option } from 'commander';
import { createCommand, runCommand } from '../../app/src/commands/command.ts';
import { Misuse } from '../../app/src/commands/problem.ts';
import { run } from '../lib/processes.ts';
import { createProgress } from '../lib/progress.ts';
import type { Account } from './account.ts';

/** What a person or a pipeline step runs against an account, in the order of a release. Each verb loads what it needs. */
const project = resolve(import.meta.dirname, '../..');
const { env } = process;
const progress = createProgress(console.log, Date.now);
const { say } = progress;

/** What decides how an environment looks, besides the image. */
const deployed = ['terraform', 'modules', 'app/table.json', 'app/collector', 'docs/slo.yaml'];
const git = (...args: readonly string[]): string =>
  execFileSync('git', args, { cwd: project }).toString().trim();

/** The commit that the files are of; with uncommitted changes it is said that the tag doesn't tell all. */
function readCommit(): string {
  if (git('status', '--porcelain', '--', ...deployed) !== '')
    say('note: Terraform files are not committed; the tag `commit` names the last commit.');
  return git('rev-parse', 'HEAD');
}

async function confirm(question: string, word: string): Promise<boolean> {
  const given = env['CONFIRM'];
  if (given !== undefined && given !== '') return given === word;
  if (!process.stdin.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return (await terminal.question(`${question} Type ${word}: `)) === word;
  } finally {
    terminal.close();
  }
}

const openAccount = async (): Promise<Account> =>
  (await import('./account.ts')).createAccount({ project, env, progress, confirm });
const planFileOf = (environment: string): string =>
  join(project, '.cache', 'deploy', `${environment}.tfplan`);

interface Found {
  readonly outputs: Readonly<Record<string, unknown>>;
  /** Of an emulated account. */
  readonly endpoint?: string;
  readonly database?: string;
}
/** The local deployment belongs to another program: it says itself what is wrong with it. */
async function find(environment: string): Promise<Found> {
  if (environment !== 'local') return { outputs: await (await openAccount()).deployedOutputs(environment) };
  const { code, stdout, stderr } = await run(
    process.execPath,
    ['tools/sandbox/deployment/main.ts', 'state', '--outputs'],
    { cwd: project },
  );
  if (code === 0) return JSON.parse(stdout) as Found;
  const [reason = '', remedy = ''] = stderr.trim().split('\n');
  throw new Misuse(reason.replace(/^error: /, ''), remedy);
}

interface Options {
  readonly env: string;
  readonly image: string;
  readonly plan: string;
  readonly cursorKeyStage?: number;
  readonly table: string;
  readonly step: string;
  readonly loadTest: string;
  readonly file: string;
}
/** What a deployment changes besides the image. */
const movesOf = ({ cursorKeyStage, table }: Options): Partial<Pick<Options, 'cursorKeyStage' | 'table'>> => ({
  ...(cursorKeyStage === undefined ? {} : { cursorKeyStage }),
  ...(table === '' ? {} : { table }),
});

const environment = ['--env <name>', 'environment: a file terraform/environments/<name>.tfvars', ''] as const;
const image = ['--image <reference>', 'image by digest: <repository>@sha256:<64 hex digits>', ''] as const;
const table = [
  '--table <name>',
  'table that is to serve: one that was restored, or the first one again',
  '',
] as const;
const plan = ['--plan <file>', 'plan file: where to, or the one that was approved', ''] as const;
const step = [
  '--step <name>',
  'step of replacing the cursor key: the next one of accept, sign, drop',
  '',
] as const;
/** `rotate-cursor-key` names one; nobody else does. */
const stage = new Option('--cursor-key-stage <number>', 'stage of the cursor keys, next to the one reached')
  .hideHelp()
  .argParser((text) => {
    if (/^\d+$/.test(text)) return Number(text);
    throw new InvalidArgumentError('It is a whole number.');
  });

const program = createCommand(
  'release',
  'Builds, signs, plans, checks, applies, verifies and returns, in an AWS account',
).addHelpText('after', '\nExit codes: 0 done, 1 a refusal or failure, 2 misuse.');

program
  .command('identity')
  .description("In a pipeline step: lay the step's OIDC token where AWS clients look for it")
  .requiredOption('--file <path>', 'where to')
  .action(async ({ file }: Options) => {
    const { takeIdentity } = await import('./identity.ts');
    const identity = await takeIdentity(env, file, new Date());
    if (identity !== undefined)
      say(`${identity.role} as ${identity.subject}, until ${identity.expiresAt.toISOString()}`);
  });

program
  .command('push')
  .description('Push the image that was built, once per commit, and write its reference by digest')
  .requiredOption('--record <file>', 'where the reference is written')
  .action(async ({ record }: { record: string }) => {
    const { push } = await import('./push.ts');
    await push({ project, env, say }, git('rev-parse', 'HEAD'), record);
  });

program
  .command('sign <image>')
  .description('Sign an image by its digest, and attach its bills of materials and its provenance, signed')
  .action(async (name: string) => {
    const { sign } = await import('./sign.ts');
    await sign({ project, env, say }, name);
  });

for (const [verb, does, description] of [
  ['sign-file', 'signFile', 'Sign a file as images are signed'],
  ['verify-file', 'verifyFile', 'Check that a file is what was signed'],
] as const)
  program
    .command(`${verb} <file>`, { hidden: true })
    .description(description)
    .requiredOption('--key <name>', 'a file, or awskms:///…')
    .requiredOption('--bundle <file>', 'the signature')
    .action(async (file: string, { key, bundle }: { key: string; bundle: string }) => {
      const { createCosign } = await import('./cosign.ts');
      await createCosign(env)[does](file, key, bundle);
    });

program
  .command('bootstrap')
  .description('Once per account: state bucket, image repository, pipeline roles')
  .action(async () => (await openAccount()).bootstrap(readCommit()));

program
  .command('preflight')
  .description(
    'Ask, changing nothing, whether an environment can be made in the account of these credentials',
  )
  .option(...environment)
  .option(...image)
  .action(async ({ env: name, image: reference }: Options) => {
    const { createClients } = await import('./preflight-checks.ts');
    const { describePreflight, preflight } = await import('./preflight.ts');
    const { builtFor } = await import('./check.ts');
    const { checkEnvironment } = await import('../lib/terraform/service-root.ts');
    const { resolveNs } = await import('node:dns/promises');
    const root = join(project, 'terraform');
    checkEnvironment(root, name);
    const findings = await preflight({
      ...{ root, environment: name, image: reference, env, now: new Date() },
      clients: (region) => createClients({ region }),
      resolveNameServers: resolveNs,
      builtFor: (built, wanted) => builtFor(built, wanted, { project, env }),
    });
    say(describePreflight(findings));
    process.exitCode = findings.some(({ verdict }) => verdict === 'wrong') ? 1 : 0;
  });

program
  .command('plan')
  .description(
    'Write the plan of a release, or of a step of replacing the cursor key, to a file, and show it',
  )
  .option(...environment)
  .option(...image)
  .option(...plan)
  .option(...step)
  .option(...table)
  .action(async (options: Options) => {
    const { env: name, step: wanted } = options;
    const file = options.plan === '' ? planFileOf(name) : resolve(options.plan);
    const account = await openAccount();
    if (wanted === '') {
      const release = { environment: name, image: options.image, commit: readCommit(), ...movesOf(options) };
      await account.plan(release, file);
      const moved = options.table === '' ? '' : ` TABLE=${options.table}`;
      say(`The plan is in ${file}; apply exactly this: make deploy ENV=${name} PLAN=${file}${moved}`);
      return;
    }
    const { planStep } = await import('./rotate.ts');
    await planStep(account, { env: name, step: wanted, plan: file }, readCommit());
    say(`Apply exactly this: make rotate-cursor-key ENV=${name} STEP=${wanted} PLAN=${file}`);
  });

program
  .command('deploy')
  .description('Plan a release, show it and apply that very plan; or apply a plan that was approved (--plan)')
  .option(...environment)
  .option(...image)
  .option(...plan)
  .option(...table)
  .addOption(stage)
  .action(async (options: Options) => {
    const { checkImage } = await import('./check.ts');
    const about = { environment: options.env, commit: readCommit(), ...movesOf(options) };
    const account = await openAccount();
    const file = options.plan === '' ? planFileOf(options.env) : resolve(options.plan);
    const release = { ...about, image: options.image };
    if (options.plan === '') await account.plan(release, file);
    const planned = await account.check(options.plan === '' || options.image !== '' ? release : about, file);
    await checkImage(planned, { project, env, say });
    await account.apply(planned, file);
  });

program
  .command('release')
  .description('Deploy and probe; return to what ran before when a probe fails')
  .option(...environment)
  .option(...image)
  .option(...plan)
  .addOption(
    new Option('--load-test <wanted>', 'whether it has to bear load').choices(['yes', 'no', '']).default(''),
  )
  .action(async (options: Options) => {
    const { releaseTo } = await import('./release.ts');
    const tag = git('rev-parse', 'HEAD');
    await releaseTo({ project, env, say, account: await openAccount() }, options, tag);
  });

program
  .command('rollback')
  .description('Return to an image that was good, and probe it')
  .option(...environment)
  .option(...image)
  .action(async (options: Options) => {
    const { releaseTo } = await import('./release.ts');
    await releaseTo({ project, env, say, account: await openAccount() }, { ...options, plan: '' });
  });

program
  .command('rotate-cursor-key')
  .description('Take the next step, and probe; return to the stage before when a probe fails')
  .option(...environment)
  .option(...step)
  .option(...plan)
  .action(async (options: Options) => {
    const { takeStep } = await import('./rotate.ts');
    await takeStep({ project, env, say, account: await openAccount() }, options);
  });

program
  .command('drift')
  .description('What differs from what was applied last, and who has to look at it')
  .option(...environment)
  .action(async ({ env: name }: Options) => {
    const { describeDifference, reportDrift } = await import('../lib/terraform/drift.ts');
    const { writeReport } = await import('../lib/insights.ts');
    const differences = await (await openAccount()).drift(name);
    const report = reportDrift(name, differences);
    await writeReport(join(project, 'reports', `drift-${name}`), report);
    say(['', ...differences.map(describeDifference), report.details].join('\n'));
    process.exitCode = report.result === 'PASSED' ? 0 : 1;
  });

program
  .command('status')
  .description(
    'On one screen: what runs, what is wrong now, what changed in the last day; it changes nothing',
  )
  .option('--env <name>', 'local, or an environment that is deployed', '')
  .addHelpText(
    'after',
    '\nExit codes: 0 nothing is wrong, 1 something is or could not be looked at, 2 misuse.\nIt needs the right to describe services, tasks, targets and alarms, and cloudtrail:LookupEvents.',
  )
  .action(async ({ env: name }: { env: string }) => {
    const { describeStatus, readFacts } = await import('./status.ts');
    const now = (): Date => new Date();
    const reports = join(project, 'reports');
    const { text, isWrong } = describeStatus(
      await readFacts({ environment: name, ...(await find(name)), reports, now }),
      now(),
    );
    say(text);
    process.exitCode = isWrong ? 1 : 0;
  });

program
  .command('maintenance')
  .description('Answer callers with 503 by the firewall, or no longer; without either, what is on')
  .option('--env <name>', 'local, or an environment that is deployed', '')
  .option('--on <duration>', 'for so long, such as 30m or 2h; it then ends by itself', '')
  .option('--off <word>', 'end it now', '')
  .action(async ({ env: name, on, off }: { env: string; on: string; off: string }) => {
    const { maintain, readFirewall, readWanted } = await import('./maintenance.ts');
    const wanted = readWanted(on, off);
    const { outputs, ...place } = await find(name);
    say(
      `${name}: ${await maintain({ ...place, region: String(outputs['region']) }, readFirewall(outputs), wanted, Date.now)}`,
    );
  });

program
  .command('restore')
  .description(
    'Restore the table beside the one that serves, and compare both; nothing is deleted, and nothing serves it yet',
  )
  .option('--env <name>', 'local, or an environment that is deployed', '')
  .option('--to <what>', 'a time with its zone, the ARN of a backup, or a table that was restored', '')
  .addHelpText(
    'after',
    '\nIt can be run again: a restored table that is there is waited for and compared.\nExit codes: 0 it may serve, 1 it may not or a failure, 2 misuse.',
  )
  .action(async ({ env: name, to }: { env: string; to: string }) => {
    const { runRestore } = await import('./restore.ts');
    const { outputs, ...place } = await find(name);
    const wanted = { outputs, environment: name, to, reports: join(project, 'reports', 'restores') };
    const mayServe = await runRestore({ ...place, region: String(outputs['region']) }, wanted, {
      ...{ say, now: Date.now, lookEveryMs: name === 'local' ? 500 : 15_000 },
    });
    process.exitCode = mayServe ? 0 : 1;
  });

program
  .command('deployed-image')
  .description('Write the image that an environment runs to an archive, if it still is what was signed')
  .option(...environment)
  .requiredOption('--archive <file>', 'where to')
  .action(async ({ env: name, archive }: { env: string; archive: string }) => {
    const outputs = await (await openAccount()).deployedOutputs(name);
    const { fetchDeployed } = await import('./push.ts');
    await fetchDeployed(
      { project, env, say },
      { environment: name, image: String(outputs['image']), archive },
    );
  });

program
  .command('provenance')
  .description(
    'Say what the image that an environment runs was built from, by whom, if that is signed and holds',
  )
  .option(...environment)
  .action(async ({ env: name }: Options) => {
    if ((env['SIGNING_KEY'] ?? '') === '') {
      say('note: SIGNING_KEY is not set: who built what runs was not asked.');
      return;
    }
    const { image: running } = await (await openAccount()).deployedOutputs(name);
    const [{ checkSignature }, { createCosign }, { openRegistry }] = await Promise.all([
      import('./check.ts'),
      import('./cosign.ts'),
      import('./push.ts'),
    ]);
    const reference = String(running);
    await openRegistry({ project, env }, reference.split('@')[0] ?? '');
    await checkSignature(
      { environment: name, image: reference },
      { project, env, cosign: createCosign(env), say },
    );
  });

program
  .command('load-data')
  .description('Load movies into the table of an environment other than prod, over what is there')
  .option(...environment)
  .option('--file <path>', 'JSON of movies; real ones without it', '')
  .action(async ({ env: name, file }: Options) => {
    if (name === 'prod')
      throw new Misuse(
        "prod's movies are not loaded by a pipeline, which has no right to write them.",
        'A person who may: npm run load -- --table <table_name> --file <file>, with a second person.',
      );
    const { table_name: table, region } = await (await openAccount()).deployedOutputs(name);
    const { runLoader } = await import('./load-data.ts');
    process.exitCode = await runLoader({ project, table: String(table), region: String(region), file, env });
  });

program
  .command('destroy')
  .description('Destroy an environment, never prod; or `bootstrap`, when no environment is left')
  .option(...environment)
  .action(async ({ env: name }: Options) => {
    const account = await openAccount();
    const destroyed = await (name === 'bootstrap'
      ? account.leave(readCommit())
      : account.destroy(name, readCommit()));
    const { cleanUp, createLeftBehindClients, describeLeftBehind } = await import('./left-behind.ts');
    const aws = createLeftBehindClients({ region: destroyed.region });
    say(describeLeftBehind(name, await cleanUp(destroyed, aws, new Date())));
  });

program
  .command('insights')
  .description('In a pipeline step: file what earlier targets reported with the commit; elsewhere list it')
  .action(async () => {
    const { fileReports } = await import('./insights.ts');
    await fileReports(join(project, 'reports'), env, say);
  });

await runCommand(() => program.parseAsync());
