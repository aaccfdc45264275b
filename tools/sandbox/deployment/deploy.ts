import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { createCommand, runCommand } from '../../../app/src/commands/command.ts';
import { Misuse } from '../../../app/src/commands/problem.ts';
import { pythonEnvironment } from '../../install/python/environment.ts';
import { createProgress } from '../../lib/progress.ts';
import { writeReport } from '../../lib/insights.ts';
import { runScenarios } from '../../lib/scenarios.ts';
import { describeDifference, reportDrift } from '../../lib/terraform/drift.ts';
import { deployLocally, destroyLocally, driftLocally, type LocalContext } from './commands.ts';
import { drillIds } from './drill-ids.ts';
import { createServingHome } from './serving-process.ts';

const project = resolve(import.meta.dirname, '../../..');
const progress = createProgress(console.log, Date.now);
const home = process.env['LOCAL_HOME'] ?? join(project, '.cache', 'local');
const context = (): LocalContext => ({
  project,
  progress,
  commit: execFileSync('git', ['rev-parse', 'HEAD'], { cwd: project }).toString().trim(),
});

/** A drill that is named and isn't there would be left out in silence, and the rest would pass. */
function requireDrills(named: string): void {
  const known: readonly string[] = drillIds;
  const unknown = named.split(',').filter((id) => id !== '' && !known.includes(id));
  if (unknown.length > 0)
    throw new Misuse(`There is no drill ${unknown.join(', ')}.`, `DRILLS names any of: ${known.join(', ')}.`);
}

const program = createCommand(
  'local',
  'Applies the whole project into an emulated account on this machine, and takes it away again',
).addHelpText('after', '\nExit codes: 0 done, 1 a refusal or failure, 2 misuse.');

program
  .command('deploy')
  .description('Apply everything in full into the emulator, and serve traffic; a second plan must be empty')
  .option('--image <reference>', 'image by digest, in the storage of podman; built here when it is not given')
  .action(async ({ image }: { image?: string }) => {
    // Before anything is started: an installation takes its time, and no start waits for it.
    await pythonEnvironment('moto', progress.say);
    await deployLocally(context(), image);
  });

program
  .command('drift')
  .description('What differs from what was applied last, and who has to look at it')
  .action(async () => {
    const differences = await driftLocally(context());
    const report = reportDrift('local', differences);
    await writeReport(join(project, 'reports', 'drift-local'), report);
    progress.say(['', ...differences.map(describeDifference), report.details].join('\n'));
    process.exitCode = report.result === 'PASSED' ? 0 : 1;
  });

program
  .command('drill')
  .description('Break the local deployment in every known way, under load')
  .option('--only <ids>', 'drills, separated by commas', '')
  .action(async ({ only }: { only: string }) => {
    requireDrills(only);
    if (!(await createServingHome(home).find()))
      throw new Misuse('No local deployment serves.', 'Start one: make deploy-local');
    process.exitCode = await runScenarios({
      file: 'tests/sandbox/drill/all.ts',
      reports: join(project, 'reports', 'drills'),
      settings: { VERIFY_HOME: home, DRILLS: only, REPORT_TITLE: 'Drills' },
    });
  });

program
  .command('destroy')
  .description('Stop the tasks and destroy what was applied; nothing may be left')
  .action(() => destroyLocally(context()));

await runCommand(() => program.parseAsync());
