import { readFile } from 'node:fs/promises';
import { leavesOut, unless, type ScenarioOn } from '../scenario.ts';
import type { StepResult } from '../runner.ts';
import type { Change } from '../hub.ts';

interface Mistake {
  readonly id: string;
  readonly title: string;
  readonly change: Change;
  /** Beginning of the name of the step that must stop it, and its line. */
  readonly gate: string;
  readonly line: string;
  /** What its log says of the mistake; the same line may fail for something else. */
  readonly reason: RegExp;
}

/** A scenario that takes less of the world than others: no account. */
type BrokenCommit = ScenarioOn<'hub' | 'run'> & Pick<Mistake, 'gate' | 'line' | 'reason'>;

const stoppedBy = ({ id, title, change, gate, line, reason }: Mistake): BrokenCommit => ({
  id,
  title,
  gate,
  line,
  reason,
  play: async ({ hub, run }, { leftOut }) => {
    await hub.propose(`A mistake on purpose: ${id}`, change);
    const steps = await run(id, { approves: () => Promise.resolve(false), leavesOut: leavesOut(leftOut) });
    await hub.restore();

    // The checks run to their end side by side, and another one may fail too: on a busy machine, by its time.
    const failed = steps.filter(({ outcome }) => outcome === 'failed');
    const stop = failed.find(({ name }) => name.startsWith(gate));
    const afterChecks = steps.slice(steps.findIndex(({ name }) => name.startsWith('Build once')));
    return {
      steps,
      facts: failed.map((step) => `"${step.name}" failed at: ${step.line ?? 'no line'}`),
      faults: unless({
        [`"${gate}" stops it at: ${line}`]: stop?.line === line,
        [`its log gives the reason: ${reason.source}`]: reason.test(await logOf(stop)),
        'nothing is built or deployed': afterChecks.every(({ outcome }) => outcome === 'not run'),
      }),
    };
  },
});

const logOf = (step?: StepResult): Promise<string> =>
  step?.log === undefined ? Promise.resolve('') : readFile(step.log, 'utf8');

export const brokenCommits: readonly BrokenCommit[] = [
  stoppedBy({
    id: 'type-error',
    title: 'a type error is stopped by the checks, and nothing after them runs',
    change: { file: 'app/src/config.ts', text: "\nexport const broken: number = 'a text';\n" },
    gate: 'Style, types',
    line: 'make plan-changes check',
    reason: /app\/src\/config\.ts.*TS2322/,
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
    reason: /aws-access.* docs\/access\.txt/,
  }),
];
