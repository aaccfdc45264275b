import { once } from 'node:events';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, Option } from 'commander';
import { Misuse, Problem, reasonOf } from '../../../app/src/commands/problem.ts';
import { createControlClient } from './control.ts';
import { createFaults, type Faults } from './control.ts';
import { readNames, type Outputs } from './applied.ts';
import type { RunnerKind } from './overrides.ts';
import { createServingHome, type ServingRecord } from './serving-process.ts';

const project = fileURLToPath(new URL('../../..', import.meta.url));
const say = (line: string): void => {
  console.log(`${new Date().toISOString()} ${line}`);
};

interface Options {
  readonly home: string;
  readonly emulator: string;
  readonly runner: RunnerKind;
  readonly port: string;
}

async function runUntilStopped({ home, emulator, runner, port }: Options): Promise<void> {
  const { serve } = await import('./serve.ts');
  const outputs = JSON.parse(await readFile(join(home, 'outputs.json'), 'utf8')) as Outputs;
  const region = String(outputs['region']);
  const names = readNames(outputs);
  const serving = await serve({
    home,
    emulatorUrl: emulator,
    region,
    names,
    runner,
    port: Number(port),
    say,
  });
  const { control, url, database, differences } = serving;
  const record: ServingRecord = { pid: process.pid, control, url, emulator, database, runner, differences };
  // Renamed into place: who waits for it must not read half of it.
  await writeFile(join(home, 'serving.json.new'), JSON.stringify(record));
  await rename(join(home, 'serving.json.new'), join(home, 'serving.json'));
  const asked = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]).then(() => undefined);
  const reason = await Promise.race([asked, serving.died]);
  say(reason === undefined ? 'stopping' : `stopping: ${reason.message}`);
  await serving.stop();
  process.exit(reason === undefined ? 0 : 1);
}

async function find(home: string): Promise<ServingRecord> {
  const record = await createServingHome(resolve(home)).find();
  if (record) return record;
  throw new Misuse('No local deployment serves.', 'Start one: make deploy-local');
}

const faultsOf = async (home: string): Promise<Faults> => createFaults((await find(home)).control);

const program = new Command('local-deployment')
  .description('The local deployment that serves traffic: what runs, tokens for it, and harm on purpose')
  .addOption(
    new Option('--home <folder>', 'folder of the deployment').default(join(project, '.cache', 'local')),
  )
  .showHelpAfterError()
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
const home = (): string => program.opts<{ home: string }>().home;
const print = (name: string, text: string): void => {
  console.log(`${name}: ${text}`);
};

program
  .command('serve', { hidden: true })
  .description('Run tasks and balancer until stopped')
  .requiredOption('--emulator <url>')
  .requiredOption('--runner <kind>')
  .requiredOption('--port <number>')
  .action((options: Omit<Options, 'home'>) => runUntilStopped({ ...options, home: resolve(home()) }));
program
  .command('start', { hidden: true })
  .description('Run the tasks that an emulated account describes, and wait until they serve')
  .requiredOption('--emulator <url>')
  .requiredOption('--outputs <file>', 'values of `terraform output`')
  .action(async ({ emulator, outputs }: { emulator: string; outputs: string }) => {
    const { startTraffic } = await import('./traffic.ts');
    const applied = JSON.parse(await readFile(outputs, 'utf8')) as Outputs;
    const options = { home: resolve(home()), emulator, outputs: applied, port: 0, say };
    await startTraffic({ ...options, runner: 'containers' });
  });
program
  .command('state')
  .description('Tasks with zone, digest and health, deployments with their rollout state, as JSON')
  .action(async () => {
    console.log(JSON.stringify(await createControlClient((await find(home())).control).state(), null, 2));
  });
program
  .command('token')
  .description('An access token of the local issuer')
  .argument('[scope]', 'scopes, separated by spaces', 'movies/read movies/write')
  .action(async (scope: string) => {
    console.log(await createControlClient((await find(home())).control).token(scope));
  });
program
  .command('stop')
  .description('Stop tasks, balancer and issuer; what was applied stays in the emulator')
  .action(() => createServingHome(resolve(home())).stop());
program
  .command('end')
  .description('Stop all of it, and the emulator with what was applied')
  .action(async () => {
    const { createEmulatorHome } = await import('./emulator-process.ts');
    await createServingHome(resolve(home())).stop();
    const emulators = createEmulatorHome(resolve(home()));
    const emulator = await emulators.find();
    if (emulator) await emulators.stop(emulator);
  });
program
  .command('kill')
  .description('SIGKILL a task')
  .argument('[task]', 'id; a healthy one by default')
  .action(async (task?: string) => {
    print('killed', await (await faultsOf(home())).killTask(task));
  });
program
  .command('freeze')
  .description('Stop a task without ending it: it is alive and answers nothing')
  .argument('[task]', 'id; a healthy one by default')
  .action(async (task?: string) => {
    print('frozen', await (await faultsOf(home())).freezeTask(task));
  });
program
  .command('lose-zone')
  .description('Kill all tasks of a zone and start none there until `heal`')
  .argument('[zone]', 'the fullest by default')
  .action(async (zone?: string) => {
    print('lost', await (await faultsOf(home())).loseZone(zone));
  });
program
  .command('database')
  .description('Make the database slow, throttling or gone; without options it is as it should be')
  .option('--latency <ms>', 'added to each answer', '0')
  .option('--throttle <share>', 'share of calls that are refused as too many, 0 to 1', '0')
  .option('--gone', 'nobody listens', false)
  .action(async ({ latency, throttle, gone }: { latency: string; throttle: string; gone: boolean }) => {
    const faults = { latencyMs: Number(latency), throttleRatio: Number(throttle), refuse: gone };
    await (await faultsOf(home())).database(faults);
    print('database', JSON.stringify(faults));
  });
program
  .command('heal')
  .description('Zones are back, the database is as it should be')
  .action(async () => {
    await (await faultsOf(home())).heal();
    print('healed', 'zones and database');
  });

try {
  await program.parseAsync();
} catch (error) {
  console.error(error instanceof Problem ? `${error.message}\n${error.remedy}` : reasonOf(error));
  process.exitCode = error instanceof Problem ? error.exitCode : 1;
}
