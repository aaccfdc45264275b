import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { approve, leavesOut, unless, type Scenario } from '../scenario.ts';

export const goodCommit: Scenario = {
  id: 'good',
  title: 'a good commit goes to prod, each environment before the next, by the digest that was pushed once',
  isWholePipeline: true,
  play: async ({ run, home, exchange, insights, servingOf }, { leftOut }) => {
    const steps = await run('good', { approves: approve, leavesOut: leavesOut(leftOut) });

    const pushed = await readFile(join(home, 'runs/good/artifacts/shared/image/release/image'), 'utf8').catch(
      () => '',
    );
    const { digests, tasks } = await servingOf('prod');
    const filed = insights.calls.filter(({ method }) => method === 'PUT').length;
    return {
      steps,
      facts: [
        `pushed: ${pushed.trim()}`,
        `prod serves ${digests.join(', ')} with ${tasks} tasks`,
        `roles taken by tokens: ${exchange.granted.length} times, refused: ${exchange.refused.length} times`,
        `reports filed: ${filed}, refused by the published form: ${insights.refusals.length}`,
        'the manual step was approved by this runner',
      ],
      faults: unless({
        'each step passed': steps.every(({ outcome }) => outcome === 'passed' || outcome === 'left out'),
        'all tasks of prod run the pushed digest':
          digests.length === 1 && pushed.includes(`@${digests[0] ?? ''}`),
        'no token was refused': exchange.refused.length === 0,
        'each report was taken': insights.refusals.length === 0,
      }),
    };
  },
};
