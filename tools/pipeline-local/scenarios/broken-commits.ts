import { leavesOut, outcomeOf, unless, type Scenario } from '../scenario.ts';
import type { Change } from '../hub.ts';
import type { World } from '../world.ts';

interface Mistake {
  readonly id: string;
  readonly title: string;
  readonly change: Change;
  /** Beginning of the name of the step that must stop it, and its line. */
  readonly gate: string;
  readonly line: string;
}

/** A scenario that takes less of the world than others: no account. */
type BrokenCommit = Omit<Scenario, 'play'> &
  Pick<Mistake, 'gate' | 'line'> & {
    readonly play: (
      world: Pick<World, 'hub' | 'run'>,
      choices: Parameters<Scenario['play']>[1],
    ) => ReturnType<Scenario['play']>;
  };

const stoppedBy = ({ id, title, change, gate, line }: Mistake): BrokenCommit => ({
  id,
  title,
  gate,
  line,
  play: async ({ hub, run }, { leftOut }) => {
    await hub.propose(`A mistake on purpose: ${id}`, change);
    const steps = await run(id, { approves: () => Promise.resolve(false), leavesOut: leavesOut(leftOut) });
    await hub.restore();

    const stopped = steps.find(({ outcome }) => outcome === 'failed');
    const afterChecks = steps.slice(steps.findIndex(({ name }) => name.startsWith('Build once')));
    return {
      steps,
      facts: [`stopped by "${stopped?.name ?? 'nothing'}" at: ${stopped?.line ?? 'no line'}`],
      faults: unless({
        [`it is stopped by "${gate}" at: ${line}`]:
          outcomeOf(steps, gate) === 'failed' && stopped?.line === line,
        'nothing is built or deployed': afterChecks.every(({ outcome }) => outcome === 'not run'),
      }),
    };
  },
});

export const brokenCommits: readonly BrokenCommit[] = [
  stoppedBy({
    id: 'type-error',
    title: 'a type error is stopped by the checks, and nothing after them runs',
    change: { file: 'app/src/config.ts', text: "\nexport const broken: number = 'a text';\n" },
    gate: 'Style, types',
    line: 'make plan-changes check',
  }),
  stoppedBy({
    id: 'secret',
    title: 'a key in a file is stopped by the security gates, and nothing after them runs',
    // In two parts, or this file would be stopped as well.
    change: {
      file: 'docs/access.txt',
      text: `aws_access_key_id = ${['AKIA', 'Q3EGRIIXYZ7ABCDE'].join('')}\n`,
    },
    gate: 'Image and security gates',
    line: 'make security',
  }),
];
