import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { readEvent, type TerraformEvent } from '../../../tools/lib/terraform/events.ts';
import { createProgress } from '../../../tools/lib/progress.ts';

beforeEach(() => {
  jest.useFakeTimers({ now: 0 });
});

afterEach(() => {
  jest.useRealTimers();
});

const events = (lines: readonly object[]): readonly TerraformEvent[] =>
  lines.flatMap((line) => readEvent(JSON.stringify(line)) ?? []);

const hook = (type: string, addr: string, elapsed_seconds?: number) => ({
  type,
  hook: { resource: { addr }, action: 'create', elapsed_seconds },
});

test('a long wait says what is waited for, in less than ten seconds each time', async () => {
  const lines: string[] = [];
  const progress = createProgress((line) => lines.push(line), Date.now);
  progress.about('service');

  const step = progress.during('apply', async (tell) => {
    events([hook('apply_start', 'aws_lb.main'), hook('apply_start', 'aws_kms_key.main')]).forEach(tell);
    await new Promise((resolve) => setTimeout(resolve, 9_000));
    events([hook('apply_complete', 'aws_kms_key.main', 9)]).forEach(tell);
    await new Promise((resolve) => setTimeout(resolve, 9_000));
    events([hook('apply_complete', 'aws_lb.main', 18)]).forEach(tell);
  });
  await jest.advanceTimersByTimeAsync(18_000);
  await step;

  expect(lines).toEqual([
    'service: apply …',
    '  … 8 s; waiting for aws_lb.main (8 s), aws_kms_key.main (8 s)',
    '  … 16 s, 1 resources done; waiting for aws_lb.main (16 s)',
    '  service: apply took 18.0 s, 2 resources',
  ]);
  expect(progress.timings()).toEqual([{ step: 'service: apply', seconds: 18 }]);
  expect(progress.slowest(1)).toMatchObject([{ address: 'aws_lb.main', action: 'create', seconds: 18 }]);
});

test('a step that fails is timed, and its error passes', async () => {
  const progress = createProgress(() => undefined, Date.now);

  await expect(progress.during('plan', () => Promise.reject(new Error('no')))).rejects.toThrow('no');

  expect(progress.timings()).toEqual([{ step: 'plan', seconds: 0 }]);
});

test('a diagnostic tells where it is, by resource or by file and line', () => {
  const diagnostic = { severity: 'error', summary: 'Bad', detail: 'why' };
  const range = { filename: 'main.tf', start: { line: 3 } };

  expect(
    events([
      { type: 'diagnostic', diagnostic: { ...diagnostic, address: 'aws_vpc.main', range } },
      { type: 'diagnostic', diagnostic: { ...diagnostic, range } },
      { type: 'diagnostic', diagnostic },
    ]).map((event) => event.kind === 'problem' && event.problem.where),
  ).toEqual(['aws_vpc.main', 'main.tf:3', '']);
});

test('prose between the events is no event', () => {
  expect(readEvent('Initializing the backend...')).toBeUndefined();
});
