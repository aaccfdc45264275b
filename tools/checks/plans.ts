import { mkdir } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { Command } from 'commander';
import { Problem } from '../../app/src/commands/problem.ts';
import { planEnvironments } from './live-plans.ts';
import { readRecording, writeRecording } from './plan-recording.ts';

/** `npm run plans -- record|check`: what Terraform would build in each environment, recorded for review. */
const project = resolve(import.meta.dirname, '../..');

const program = new Command('plans').description(
  'Plans of every environment, recorded in tests/checks/plan/recorded: their difference says what a change does to each.',
);

program
  .command('record')
  .description('plan each environment and write its recording')
  .action(async () => {
    await mkdir(join(project, 'tests', 'checks', 'plan', 'recorded'), { recursive: true });
    for (const [environment, recording] of await planEnvironments(project, console.log)) {
      console.log(`Recorded ${relative(project, await writeRecording(project, environment, recording))}`);
    }
  });

program
  .command('check')
  .description('exit 1 unless each recording is what Terraform plans now')
  .action(async () => {
    for (const [environment, live] of await planEnvironments(project, console.log)) {
      if (isDeepStrictEqual(live, await readRecording(project, environment))) continue;
      throw new Problem(
        `The recorded plan of ${environment} is not what Terraform plans now.`,
        'Run `npm run plans -- record` and review the difference.',
      );
    }
    console.log('Each recording is what Terraform plans now.');
  });

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof Problem)) throw error;
  console.error(`${error.message}\n${error.remedy}`);
  process.exitCode = error.exitCode;
}
