import { execFileSync } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Command, CommanderError } from 'commander';
import { createAccount } from './account.ts';
import { readStep, rotationSteps } from '../lib/terraform/cursor-key-stage.ts';
import { createProgress } from '../lib/progress.ts';
import { checkSignature } from './signature.ts';
import { Misuse, Problem, reasonOf } from '../../app/src/commands/problem.ts';
import { createCosign } from './cosign.ts';
import { runLoader } from './load-data.ts';
import { createRotated } from './environment.ts';
import { createRegistry, signIn } from '../lib/registry.ts';
import { findStage, rotate } from './rotation.ts';

const project = resolve(import.meta.dirname, '../..');
const { env } = process;
const progress = createProgress(console.log, Date.now);

const account = createAccount({ project, env, progress, confirm: () => Promise.resolve(false) });

/** Outputs of an environment that is deployed. */
async function outputsOf(environment: string): Promise<Readonly<Record<string, unknown>>> {
  const outputs = await account.outputs(environment);
  if (typeof outputs['image'] === 'string') return outputs;
  throw new Misuse(`${environment} is not deployed.`, `Deploy it first: make release ENV=${environment}`);
}

/** Fetches what runs, and sees that it still is what was signed. The scanners get the archive, and no credentials. */
async function fetchDeployed(environment: string, archive: string): Promise<void> {
  const image = String((await outputsOf(environment))['image']);
  await checkSignature({ environment, image }, { env, cosign: createCosign(env), say: progress.say });
  const [repository = ''] = image.split('@');
  const crane = join(project, '.cache', 'bin', 'crane');
  await signIn(crane, repository, env);
  await mkdir(dirname(archive), { recursive: true });
  await rm(archive, { force: true });
  await createRegistry({ crane, repository, env }).pull(image, archive);
  progress.say(`${environment} runs ${image}; it is in ${archive}`);
}

async function loadInto(environment: string, file: string): Promise<number> {
  if (environment === 'prod')
    throw new Misuse(
      "prod's movies are not loaded by a pipeline, which has no right to write them.",
      'A person who may: npm run load -- --table <table_name> --file <file>, with a second person.',
    );
  const { table_name: table, region } = await outputsOf(environment);
  return runLoader({ project, table: String(table), region: String(region), file, env });
}

/** Writes the plan of a step, for a person to read; `rotate-cursor-key` applies it. */
async function planStep(environment: string, name: string, plan: string): Promise<void> {
  const step = readStep(name);
  if (plan === '') throw new Misuse('No plan file is named.', 'Name one with PLAN=<file>.');
  const stage = await findStage(createRotated({ project, name: environment, account }), step);
  const image = String((await outputsOf(environment))['image']);
  const commit = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: project }).toString().trim();
  await account.plan({ environment, image, commit, cursorKeyStage: stage }, resolve(plan));
  progress.say(`Apply exactly this: make rotate-cursor-key ENV=${environment} STEP=${step} PLAN=${plan}`);
}

async function takeStep(environment: string, name: string, plan: string): Promise<void> {
  const step = readStep(name);
  const rotated = createRotated({ project, name: environment, account });
  await rotate(rotated, { step, ...(plan === '' ? {} : { plan }) }, progress.say);
}

const program = new Command('upkeep')
  .description('What is done to an environment that runs, besides releasing')
  .addHelpText('after', '\nExit codes: 0 done, 1 a refusal or failure, 2 misuse.')
  .exitOverride();

program
  .command('deployed-image')
  .description('Write the image that an environment runs to an archive')
  .option('--env <name>', 'environment', '')
  .requiredOption('--archive <file>', 'where to')
  .action(({ env: name, archive }: { env: string; archive: string }) => fetchDeployed(name, archive));

program
  .command('load-data')
  .description('Load movies into the table of an environment other than prod, over what is there')
  .option('--env <name>', 'environment', '')
  .option('--file <path>', 'JSON of movies; real ones without it', '')
  .action(async ({ env: name, file }: { env: string; file: string }) => {
    process.exitCode = await loadInto(name, file);
  });

const step = ['--step <name>', `the next one of ${rotationSteps.join(', ')}`, ''] as const;

program
  .command('plan-rotation')
  .description(
    'Write the plan of the next step that replaces the key of the page cursors to a file, and show it',
  )
  .option('--env <name>', 'environment', '')
  .option(...step)
  .option('--plan <file>', 'where to', '')
  .action((options: { env: string; step: string; plan: string }) =>
    planStep(options.env, options.step, options.plan),
  );

program
  .command('rotate-cursor-key')
  .description('Take the next step, and probe; return to the stage before when a probe fails')
  .option('--env <name>', 'environment', '')
  .option(...step)
  .option('--plan <file>', 'the plan that was approved', '')
  .action((options: { env: string; step: string; plan: string }) =>
    takeStep(options.env, options.step, options.plan),
  );

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else if (error instanceof Problem) {
    console.error(`\n${error.message}\n${error.remedy}`);
    process.exitCode = error.exitCode;
  } else {
    console.error(reasonOf(error));
    process.exitCode = 1;
  }
}
