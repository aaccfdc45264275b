import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { createCommand, runCommand, wholeNumber } from '../../../app/src/commands/command.ts';
import { Misuse } from '../../../app/src/commands/problem.ts';
import { runHere } from '../../lib/processes.ts';
import { createProgress } from '../../lib/progress.ts';
import { readNames, type Outputs } from './applied.ts';
import { createControlClient, drillIds, type FaultRequest } from './state.ts';
import type { LocalContext } from './deploy.ts';
import type { RunnerKind } from './runners.ts';
import { createEmulatorHome, createServingHome, type ServingRecord } from './processes.ts';

const project = resolve(import.meta.dirname, '../../..');
const program = createCommand(
  'local',
  'AWS on this machine: the whole project applied, served, harmed and taken away',
)
  .option(
    '--home <folder>',
    'folder of the deployment',
    process.env['LOCAL_HOME'] ?? join(project, '.cache/local'),
  )
  .addHelpText('after', '\nExit codes: 0 done, 1 a refusal or failure, 2 misuse.');
const home = (): string => resolve(program.opts<{ home: string }>().home);

async function find(): Promise<ServingRecord> {
  const record = await createServingHome(home()).find();
  if (record) return record;
  throw new Misuse('No local deployment serves.', 'Start one: make deploy-local');
}
const client = async () => createControlClient((await find()).control);
// What Terraform and the AWS clients take is loaded by those commands alone that need it.
const deploying = () => import('./deploy.ts');
const context = (): LocalContext => ({
  project,
  home: home(),
  progress: createProgress(console.log, Date.now),
  commit: execFileSync('git', ['rev-parse', 'HEAD'], { cwd: project }).toString().trim(),
});

program
  .command('deploy')
  .description('Apply everything in full into the emulator, and serve traffic; a second plan must be empty')
  .option('--image <reference>', 'image by digest, in the storage of podman; built here when it is not given')
  .option('--table <name>', 'table that is to serve: one that was restored, or the first one again')
  .action(async (options: { image?: string; table?: string }) =>
    (await deploying()).deployLocally(context(), options),
  );
program
  .command('destroy')
  .description('Stop the tasks and destroy what was applied; nothing may be left')
  .action(async () => (await deploying()).destroyLocally(context()));
program
  .command('drift')
  .description('What differs from what was applied last, and who has to look at it')
  .action(async () => {
    process.exitCode = (await (await deploying()).driftLocally(context())) ? 0 : 1;
  });
program
  .command('drill')
  .description('Break the local deployment in every known way, under load')
  .option('--only <ids>', 'drills, separated by commas', '')
  .action(async ({ only }: { only: string }) => {
    const known: readonly string[] = drillIds;
    // Left out in silence it would pass with the rest.
    const unknown = only.split(',').filter((id) => id !== '' && !known.includes(id));
    if (unknown.length > 0)
      throw new Misuse(
        `There is no drill ${unknown.join(', ')}.`,
        `DRILLS names any of: ${known.join(', ')}.`,
      );
    await find();
    const { runScenarios } = await import('../../lib/scenarios.ts');
    process.exitCode = await runScenarios({
      file: 'tests/sandbox/drill/all.ts',
      reports: join(project, 'reports', 'drills'),
      settings: { VERIFY_HOME: home(), DRILLS: only, REPORT_TITLE: 'Drills' },
    });
  });
program
  .command('state')
  .description('Tasks with zone, digest and health, deployments with their rollout state, as JSON')
  .option('--outputs', 'instead, what was applied last and the address of the emulated account', false)
  .action(async ({ outputs }: { outputs: boolean }) => {
    const { emulator: endpoint, control, database } = await find();
    const asked = outputs
      ? {
          endpoint,
          database,
          outputs: JSON.parse(await readFile(join(home(), 'outputs.json'), 'utf8')) as Outputs,
        }
      : await createControlClient(control).state();
    console.log(JSON.stringify(asked, null, 2));
  });
program
  .command('token')
  .description('An access token of the local issuer')
  .argument('[scope]', 'scopes, separated by spaces', 'movies/read movies/write')
  .action(async (scope: string) => {
    console.log(await (await client()).token(scope));
  });

program
  .command('outside-probe')
  .description('What a caller outside meets, by the program that watches prod (more options: -- --help)')
  .argument('[options...]', 'of npm run outside-probe')
  .action(async (options: readonly string[]) => {
    const { url, tokenEndpoint, client: by } = await (await client()).state();
    const settings = { PROBE_URL: url, PROBE_TOKEN_ENDPOINT: tokenEndpoint, PROBE_CLIENT_ID: by.id };
    process.exitCode = await runHere(['app/src/commands/outside-probe.ts', ...options], {
      env: { ...process.env, ...settings, PROBE_CLIENT_SECRET: by.secret },
    });
  });

const harm = async (fault: FaultRequest): Promise<void> => {
  console.log(`${fault.kind}: ${await (await client()).harm(fault)}`);
};
const ofTask = {
  kill: 'SIGKILL a task',
  freeze: 'Stop a task without ending it: it is alive and answers nothing',
  thaw: 'Let a frozen task go on',
  interrupt: 'SIGTERM a task as a Spot interruption does: the load balancer is not told before',
} as const;
for (const kind of ['kill', 'freeze', 'thaw', 'interrupt'] as const)
  program
    .command(kind)
    .description(ofTask[kind])
    .argument('[task]', 'id; a healthy one by default')
    .action((task?: string) => harm({ kind, task }));
program
  .command('lose-zone')
  .description('Kill all tasks of a zone and start none there until `heal`')
  .argument('[zone]', 'the fullest by default')
  .action((zone?: string) => harm({ kind: 'lose-zone', zone }));
program
  .command('database')
  .description('Make the database slow, throttling or gone; without options it is as it should be')
  .option('--latency <ms>', 'added to each answer', wholeNumber(0, 60_000), 0)
  .option('--throttle <share>', 'share of calls that are refused as too many, 0 to 1', share, 0)
  .option('--year <number>', 'refuse calls of this partition alone, as a hot key', wholeNumber(0, 9_999))
  .option('--gone', 'nobody listens', false)
  .action((asked: { latency: number; throttle: number; year?: number; gone: boolean }) => {
    const { latency: latencyMs, throttle: throttleRatio, year: throttledYear, gone: refuse } = asked;
    return harm({ kind: 'database', database: { latencyMs, throttleRatio, throttledYear, refuse } });
  });
program
  .command('rotate-issuer-key')
  .description('The issuer signs with a new key and withdraws the old one at once, as after a leak')
  .action(() => harm({ kind: 'rotate-issuer-key' }));
program
  .command('heal')
  .description('Zones are back, the database is as it should be')
  .action(() => harm({ kind: 'heal' }));

program
  .command('stop')
  .description('Stop tasks, balancer and issuer; what was applied stays in the emulator')
  .action(() => createServingHome(home()).stop());
program
  .command('end')
  .description('Stop all of it, and the emulator with what was applied')
  .action(async () => {
    await createServingHome(home()).stop();
    const emulators = createEmulatorHome(home());
    const emulator = await emulators.find();
    if (emulator) await emulators.stop(emulator);
  });
program
  .command('serve', { hidden: true })
  .description('Run tasks and balancer until stopped')
  .requiredOption('--emulator <url>')
  .requiredOption('--runner <kind>')
  .requiredOption('--port <number>')
  .action(runUntilStopped);

interface ServeOptions {
  readonly emulator: string;
  readonly runner: RunnerKind;
  readonly port: string;
}

async function runUntilStopped({ emulator, runner, port }: ServeOptions): Promise<void> {
  const say = (line: string): void => {
    console.log(`${new Date().toISOString()} ${line}`);
  };
  const { serve } = await import('./serve.ts');
  const outputs = JSON.parse(await readFile(join(home(), 'outputs.json'), 'utf8')) as Outputs;
  const [names, region] = [readNames(outputs), String(outputs['region'])];
  const options = { home: home(), emulatorUrl: emulator, region, names, runner, port: Number(port), say };
  const serving = await serve(options);
  const { control, url, database, differences } = serving;
  const record: ServingRecord = { pid: process.pid, control, url, emulator, database, runner, differences };
  // Renamed into place: who waits for it must not read half of it.
  await writeFile(join(home(), 'serving.json.new'), JSON.stringify(record));
  await rename(join(home(), 'serving.json.new'), join(home(), 'serving.json'));
  const asked = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]).then(() => undefined);
  const reason = await Promise.race([asked, serving.died]);
  say(reason === undefined ? 'stopping' : `stopping: ${reason.message}`);
  await serving.stop();
  process.exit(reason === undefined ? 0 : 1);
}

function share(text: string): number {
  const number = /^[\d.]+$/.test(text) ? Number(text) : Number.NaN;
  if (number >= 0 && number <= 1) return number;
  throw new InvalidArgumentError('It must be a number from 0 to 1.');
}

await runCommand(() => program.parseAsync());
