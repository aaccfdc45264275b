import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { drillIds } from '../../tests/sandbox/drill/ids.ts';
import { createAccount } from './account.ts';
import { createProgress } from './progress.ts';
import type { Outputs } from '../sandbox/deployment/names.ts';
import { createServingHome } from '../sandbox/deployment/serving-process.ts';
import { startTraffic } from '../sandbox/deployment/traffic.ts';
import { Misuse, Problem, reasonOf } from '../../app/src/commands/problem.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));
const localHome = process.env['LOCAL_HOME'] ?? join(project, '../verify/.cache', 'local');
const progress = createProgress(console.log, Date.now);

/** Runs a file of scenarios that isn't part of every test run. Resolves with Jest's exit code. */
async function runScenarios(file: string, reports: string, settings: NodeJS.ProcessEnv): Promise<number> {
  await mkdir(reports, { recursive: true });
  const reporters = ['tests/support/reporter.js', 'jest-junit', 'tests/support/markdown-reporter.js'];
  const args = [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    join(project, 'node_modules', 'jest', 'bin', 'jest.js'),
    '--runInBand',
    '--testMatch',
    `<rootDir>/${file}`,
    ...reporters.flatMap((name) => ['--reporters', name.startsWith('tests') ? `<rootDir>/${name}` : name]),
  ];
  const child = spawn(process.execPath, args, {
    cwd: project,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...process.env,
      // That of a test run that goes on meanwhile is not ours to end.
      KEEP_DEPLOYMENT: '1',
      JEST_JUNIT_OUTPUT_DIR: reports,
      JEST_JUNIT_OUTPUT_NAME: 'junit.xml',
      REPORT_FILE: join(reports, 'report.md'),
      ...settings,
    },
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  progress.say(`Reports: ${reports}/report.md, ${reports}/junit.xml`);
  return code ?? 1;
}

async function requireLocal(): Promise<void> {
  if (await createServingHome(localHome).find()) return;
  throw new Misuse('No local deployment serves.', 'Start one: make deploy-local');
}

/** A drill that is named and isn't there would be left out in silence, and the rest would pass. */
function requireDrills(named: string): void {
  const known: readonly string[] = drillIds;
  const unknown = named.split(',').filter((id) => id !== '' && !known.includes(id));
  if (unknown.length > 0)
    throw new Misuse(`There is no drill ${unknown.join(', ')}.`, `DRILLS names any of: ${known.join(', ')}.`);
}

/** An emulated account only describes tasks. LOCAL_TASKS names a folder for those that are run here, before they are probed. */
async function runTasksHere(home: string, outputs: Outputs): Promise<void> {
  const emulator = process.env['AWS_ENDPOINT_URL'];
  if (emulator === undefined)
    throw new Misuse(
      'LOCAL_TASKS is for an emulated account.',
      'Set AWS_ENDPOINT_URL, or unset LOCAL_TASKS.',
    );
  await startTraffic({ home, emulator, outputs, runner: 'containers', port: 0, say: progress.say });
}

/** Runs scenarios against a deployment: `local`, or an environment whose outputs are read from its state. */
async function ask(environment: string, { file, folder, title }: Scenarios): Promise<number> {
  const reports = join(project, 'reports', folder, environment);
  const report = { VERIFY_ENVIRONMENT: environment, REPORT_TITLE: `${title}: ${environment}` };
  if (environment === 'local') {
    await requireLocal();
    return runScenarios(file, reports, { ...report, VERIFY_HOME: localHome });
  }
  const account = createAccount({
    project,
    env: process.env,
    progress,
    confirm: () => Promise.resolve(false),
  });
  const outputs = join(project, '.cache', 'deploy', `${environment}-outputs.json`);
  const values = await account.outputs(environment);
  if (values['url'] === undefined)
    throw new Misuse(
      `${environment} is not deployed.`,
      `Deploy it first: make deploy ENV=${environment} IMAGE=…`,
    );
  const home = process.env['LOCAL_TASKS'] ?? '';
  if (home !== '') {
    await runTasksHere(home, values);
    return runScenarios(file, reports, {
      ...report,
      VERIFY_HOME: home,
      REPORT_TITLE: `${title}: ${environment}, emulated`,
    });
  }
  await mkdir(join(project, '.cache', 'deploy'), { recursive: true });
  await writeFile(outputs, JSON.stringify(values));
  return runScenarios(file, reports, { ...report, VERIFY_OUTPUTS: outputs });
}

interface Scenarios {
  readonly file: string;
  /** Under reports/. */
  readonly folder: string;
  readonly title: string;
}

const program = new Command('verify')
  .description('Asks a running deployment whether it is what was meant; breaks a local one on purpose')
  .addHelpText('after', '\nExit codes: 0 all is well, 1 something is not, 2 misuse.')
  .exitOverride();

program
  .command('probes')
  .description('Probe a deployment')
  .option('--env <name>', 'local, or an environment that is deployed', '')
  .action(async ({ env }: { env: string }) => {
    process.exitCode = await ask(env, {
      file: 'tests/deployed/verify.ts',
      folder: 'verify',
      title: 'Probes',
    });
  });

program
  .command('load')
  .description('Put a short, bounded load on a deployment, and compare what comes back with docs/slo.yaml')
  .option('--env <name>', 'local, or an environment other than prod that is deployed', '')
  .action(async ({ env }: { env: string }) => {
    if (env === 'prod')
      throw new Misuse('prod bears its users, and no load test.', 'ENV=staging has the same shape.');
    process.exitCode = await ask(env, {
      file: 'tests/deployed/load-test.ts',
      folder: 'load-test',
      title: 'Load test',
    });
  });

program
  .command('drills')
  .description('Break the local deployment in every known way, under load')
  .option('--only <ids>', 'drills, separated by commas', '')
  .action(async ({ only }: { only: string }) => {
    requireDrills(only);
    await requireLocal();
    const settings = { VERIFY_HOME: localHome, DRILLS: only, REPORT_TITLE: 'Drills' };
    process.exitCode = await runScenarios(
      'tests/sandbox/drill/all.ts',
      join(project, 'reports', 'drills'),
      settings,
    );
  });

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
