import { appendFile, cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { outcomeOf, unless, type Scenario } from '../scenario.ts';

export const changedPlan: Scenario = {
  id: 'changed-plan',
  title: 'a plan that was changed after its approval is refused',
  after: 'good',
  play: async ({ run, home }) => {
    const image = join('artifacts', 'shared', 'image');
    await cp(join(home, 'runs/good', image), join(home, 'runs/changed-plan', image), { recursive: true });
    const steps = await run('changed-plan', {
      leavesOut: ({ name }) => !name.includes('prod'),
      approves: async () => {
        await appendFile(join(home, 'runs/changed-plan/artifacts/shared/plan/release/prod.tfplan'), '\0');
        return true;
      },
    });

    const log = await readFile(steps.at(-1)?.log ?? '', 'utf8').catch(() => '');
    const refusal = /^.*is not the plan that was asked for.*$/m.exec(log)?.[0] ?? 'not refused';
    return {
      steps,
      facts: [`one byte was added to the plan after its approval: ${refusal}`],
      faults: unless({
        'the plan is made': outcomeOf(steps, 'Plan prod') === 'passed',
        'the changed plan is refused':
          outcomeOf(steps, 'Release to prod') === 'failed' && refusal !== 'not refused',
        'nothing is applied': !log.includes('prod: apply'),
      }),
    };
  },
};
