import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { describeRun, describeTable } from '../../../tools/sandbox/pipeline/report.ts';
import type { Outcome, StepResult } from '../../../tools/sandbox/pipeline/runner.ts';
import { timesOf } from '../../../tools/sandbox/pipeline/times.ts';
import { createSandbox, mainPipeline, type Sandbox } from './sandbox.ts';

describe('steps of a parallel, one by one', () => {
  let sandbox: Sandbox;

  beforeEach(async () => {
    sandbox = await createSandbox({ 'hello.txt': 'hello' });
  });

  afterEach(() => {
    sandbox.remove();
  });

  /** Each step says when it begins and ends, in a file beside the clones. */
  const beside = (failFast: boolean): string =>
    mainPipeline(`
- parallel:
    fail-fast: ${failFast}
    steps:
      - step: { name: one, script: [echo begin >> ../said, sleep 0.2, echo end >> ../said, 'false'] }
      - step: { name: two, script: [echo begin >> ../said, echo end >> ../said] }
- step: { name: three, script: ['true'] }`);

  test('begin when the one before has ended, and all run, whichever fails', async () => {
    const results = await sandbox.run(beside(false), { oneByOne: true });

    expect(sandbox.outcomes(results)).toEqual({ one: 'failed', two: 'passed', three: 'not run' });
    expect(sandbox.read('clones/said')).toBe('begin\nend\nbegin\nend\n');
    expect(results.map(({ stage }) => stage)).toEqual([0, 0, 1]);
  });

  test('are left when one fails and they are to fail fast', async () => {
    const results = await sandbox.run(beside(true), { oneByOne: true });

    expect(sandbox.outcomes(results)).toEqual({ one: 'failed', two: 'stopped', three: 'not run' });
    expect(sandbox.read('clones/said')).toBe('begin\nend\n');
  });
});

describe('the times of a pipeline', () => {
  const step = (name: string, stage: number, seconds: number, outcome: Outcome = 'passed'): StepResult => ({
    name,
    stage,
    seconds,
    outcome,
  });
  const checks = [step('lint', 0, 60), step('tests', 0, 300)];
  const steps = [...checks, step('build', 1, 30), step('prod', 2, 90)];

  test('count the longest of those that run side by side', () => {
    expect(timesOf(steps)).toEqual({
      sumOfChecks: 360,
      longestCheck: { name: 'tests', seconds: 300 },
      commitToEnd: 420,
    });
  });

  test.each(['failed', 'left out', 'not run'] as const)(
    'reach no end when a step after the checks is %s',
    (outcome) => {
      expect(timesOf([...checks, step('build', 1, 0, outcome)])).toEqual({
        sumOfChecks: 360,
        longestCheck: { name: 'tests', seconds: 300 },
        commitToEnd: undefined,
      });
    },
  );

  test('say nothing of checks of which one was left out or stopped, nor of a pipeline without any', () => {
    expect([
      timesOf([step('lint', 0, 60), step('tests', 0, 0, 'left out')]),
      timesOf([step('lint', 0, 60), step('tests', 0, 9, 'stopped')]),
      timesOf([step('drift', 0, 60)]),
      timesOf([]),
    ]).toEqual([undefined, undefined, undefined, undefined]);
  });

  const told = (oneByOne: boolean, isWholePipeline = true) => ({
    scenario: { id: 'good', title: 'it goes to prod', isWholePipeline },
    played: { steps, facts: [], faults: [] },
    seconds: 480,
    oneByOne,
  });

  test.each([
    ['in the report', describeRun],
    ['in the terminal', describeTable],
  ])('are told %s when the steps ran one by one, and only then', (_where, describeTold) => {
    expect(describeTold([told(true)])).toMatch(
      /checks one by one: 6 min 00 s; side by side.*: 5 min 00 s, as "tests"\n.*from the commit to prod.*: 7 min 00 s/,
    );
    expect(describeTold([told(false)])).not.toContain('one by one');
    expect(describeTold([told(true, false)])).not.toContain('one by one');
  });

  test('has no minute of sixty seconds', () => {
    expect(describeTable([{ ...told(true), seconds: 119.7 }])).toContain('2 min 00 s  good');
  });
});
