import type { StepResult } from './runner.ts';

/** What a pipeline takes where each step that runs beside others has a machine of its own, as on Bitbucket. */
export interface Times {
  /** Seconds of all that run side by side, together: what they take here, one by one. */
  readonly sumOfChecks: number;
  readonly longestCheck: Pick<StepResult, 'name' | 'seconds'>;
  /** Seconds from the commit to the end of its last step; undefined when a step was left out or did not pass. */
  readonly commitToEnd: number | undefined;
}

/**
 * Of steps that ran one by one; undefined when they include no whole stage of several. A pull request is that stage: the file
 * has one list of checks for both.
 */
export function timesOf(steps: readonly StepResult[]): Times | undefined {
  const stages = [...new Set(steps.map(({ stage }) => stage))].map((stage) =>
    steps.filter((step) => step.stage === stage),
  );
  const longestOf = (stage: readonly StepResult[]) =>
    stage.reduce((longest, step) => (step.seconds > longest.seconds ? step : longest));
  const checks = stages.find((stage) => stage.length > 1);
  if (!checks?.every(ranToItsEnd)) return undefined;
  const longest = longestOf(checks);
  return {
    sumOfChecks: checks.reduce((sum, { seconds }) => sum + seconds, 0),
    longestCheck: { name: longest.name, seconds: longest.seconds },
    commitToEnd: steps.every(({ outcome }) => outcome === 'passed')
      ? stages.reduce((sum, stage) => sum + longestOf(stage).seconds, 0)
      : undefined,
  };
}

const ranToItsEnd = ({ outcome }: StepResult): boolean => outcome === 'passed' || outcome === 'failed';
