import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createCommand, runCommand } from '../../app/src/commands/command.ts';
import { Misuse, Problem } from '../../app/src/commands/problem.ts';
import { runHere } from '../lib/processes.ts';
import { createProgress } from '../lib/progress.ts';
import { runScenarios } from '../lib/scenarios.ts';
import { createAccount } from './account.ts';

const project = resolve(import.meta.dirname, '../..');
const localHome = process.env['LOCAL_HOME'] ?? join(project, '.cache', 'local');
const misuse = 2;
const progress = createProgress(console.log, Date.now);

/** An emulated account only describes tasks. LOCAL_ECS runs them on this machine, in a folder of theirs, before they are probed. */
async function runTasksHere(address: string, values: Readonly<Record<string, unknown>>): Promise<string> {
  const response = await fetch(address, { method: 'POST', body: JSON.stringify(values) });
  let said = '';
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) {
    process.stdout.write(part.value);
    said += part.value;
  }
  const [word, home] = said.trimEnd().split('\n').at(-1)?.split(' ') ?? [];
  if (word === 'steady' && home !== undefined) return home;
  throw new Problem('The tasks do not run here.', 'The reason is printed above.');
}

/** Runs scenarios against a deployment: `local`, or an environment whose outputs are read from its state. */
async function ask(environment: string, { file, folder, title }: Asked): Promise<number> {
  const run = (settings: NodeJS.ProcessEnv): Promise<number> =>
    runScenarios({
      file,
      reports: join(project, 'reports', folder, environment),
      settings: { VERIFY_ENVIRONMENT: environment, REPORT_TITLE: `${title}: ${environment}`, ...settings },
    });
  if (environment === 'local') {
    // It belongs to another program, which says itself what is wrong with it.
    const local = ['tools/sandbox/deployment/main.ts', '--home', localHome, 'state'];
    const code = await runHere(local, { isQuiet: true });
    return code === 0 ? run({ VERIFY_HOME: localHome }) : misuse;
  }
  const account = createAccount({
    project,
    env: process.env,
    progress,
    confirm: () => Promise.resolve(false),
  });
  const values = await account.outputs(environment);
  if (values['url'] === undefined)
    throw new Misuse(
      `${environment} is not deployed.`,
      `Deploy it first: make deploy ENV=${environment} IMAGE=…`,
    );
  const outputs = join(project, '.cache', 'deploy', `${environment}-outputs.json`);
  await mkdir(join(project, '.cache', 'deploy'), { recursive: true });
  await writeFile(outputs, JSON.stringify(values));
  const address = process.env['LOCAL_ECS'] ?? '';
  if (address === '') return run({ VERIFY_OUTPUTS: outputs });
  const home = await runTasksHere(address, values);
  return run({ VERIFY_HOME: home, REPORT_TITLE: `${title}: ${environment}, emulated` });
}

interface Asked {
  readonly file: string;
  /** Under reports/. */
  readonly folder: string;
  readonly title: string;
}

const program = createCommand('verify', 'Asks a running deployment whether it is what was meant').addHelpText(
  'after',
  '\nExit codes: 0 all is well, 1 something is not, 2 misuse.',
);

program
  .command('probes')
  .description('Probe a deployment')
  .option('--env <name>', 'local, or an environment that is deployed', '')
  .action(async ({ env }: { env: string }) => {
    const asked = { file: 'tests/deployed/verify.ts', folder: 'verify', title: 'Probes' };
    process.exitCode = await ask(env, asked);
  });

program
  .command('load')
  .description('Put a short, bounded load on a deployment, and compare what comes back with docs/slo.yaml')
  .option('--env <name>', 'local, or an environment other than prod that is deployed', '')
  .action(async ({ env }: { env: string }) => {
    if (env === 'prod')
      throw new Misuse('prod bears its users, and no load test.', 'ENV=staging has the same shape.');
    const asked = { file: 'tests/deployed/load-test.ts', folder: 'load-test', title: 'Load test' };
    process.exitCode = await ask(env, asked);
  });

await runCommand(() => program.parseAsync());
