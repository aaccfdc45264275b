import { mkdir } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { createCommand, runCommand } from '../../../app/src/commands/command.ts';
import { Problem } from '../../../app/src/commands/problem.ts';
import { comparePlans, describeDifference, reviewPlans } from './changes.ts';
import { planEnvironments } from './live.ts';
import { readRecording, writeRecording } from './recording.ts';

const project = resolve(import.meta.dirname, '../../..');

const program = createCommand(
  'plans',
  'Plans of every environment, recorded in tests/checks/plan/recorded: their difference says what a change does to each.',
);

program
  .command('record')
  .description('plan each environment and write its recording')
  .action(async () => {
    await mkdir(join(project, 'tests', 'checks', 'plan', 'recorded'), { recursive: true });
    for (const [environment, recording] of await planEnvironments(project, console.log))
      console.log(`Recorded ${relative(project, await writeRecording(project, environment, recording))}`);
  });

program
  .command('check')
  .description('exit 1 unless each recording is what Terraform plans now')
  .action(async () => {
    const stale: string[] = [];
    for (const [environment, live] of await planEnvironments(project, console.log)) {
      const recorded = await readRecording(project, environment);
      if (isDeepStrictEqual(live, recorded)) continue;
      const changes = comparePlans(recorded.plan.resource_changes ?? [], live.plan.resource_changes ?? []);
      const told = changes.slice(0, 10).map((change) => `  ${describeDifference(change)}`);
      const rest = changes.length > 10 ? [`  and ${changes.length - 10} more`] : [];
      const none = changes.length > 0 ? [] : ['  no resource differs: only what the plan is made from'];
      stale.push([`${environment}:`, ...told, ...rest, ...none].join('\n'));
    }
    if (stale.length > 0)
      throw new Problem(
        `The recorded plans are not what Terraform plans now.\n${stale.join('\n')}`,
        'Run `npm run plans -- record` and review the difference.',
      );
    console.log('Each recording is what Terraform plans now.');
  });

program
  .command('changes')
  .description('what changes in each environment, and costs, since a commit')
  .argument('[base]', 'the commit to compare with', '')
  .action(async (base: string) => {
    const { details, annotations } = await reviewPlans(project, base === '' ? 'HEAD~1' : base);
    console.log([...annotations.map(({ summary }) => summary), '', details].join('\n'));
  });

await runCommand((argv) => program.parseAsync(argv, { from: 'user' }));
