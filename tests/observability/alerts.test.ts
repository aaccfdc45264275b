import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { renderPrometheusRules } from '../../tools/checks/alert-rules.ts';
import { readSlo } from '../../tools/lib/objectives.ts';
import {
  alertsIn,
  playRules,
  promtool,
  rulesFile,
  type AlertScenario,
  type Phase,
} from '../support/promtool.ts';
import { describeWith } from '../support/requirements.ts';

const hour = 60;
const day = 24 * hour;
/** Quiet first, so that the windows have a history. */
const quiet = (minutes: number): Phase => ({ minutes, good: 600, sparse: true });
/** A sample each minute, for as long as the windows reach back that decide when it pages and when it is over. */
const steady = (minutes: number): Phase => ({ minutes, good: 600 });

const reads = {
  method: 'GET',
  objective: 'availability_reads',
  alert: 'AvailabilityReadsBudgetBurns',
} as const;
const writes = {
  method: 'POST',
  objective: 'availability_writes',
  alert: 'AvailabilityWritesBudgetBurns',
} as const;
const quickReads = { method: 'GET', objective: 'latency_reads', alert: 'LatencyReadsBudgetBurns' } as const;
const quickWrites = {
  method: 'POST',
  objective: 'latency_writes',
  alert: 'LatencyWritesBudgetBurns',
} as const;

const burst: AlertScenario = {
  ...reads,
  phases: [quiet(day - 2 * hour), steady(2 * hour), { minutes: hour, good: 588, bad: 12 }, steady(hour)],
  expectations: [
    { at: day + 40, told: [] },
    { at: day + 42, told: [] },
    { at: day + 44, told: ['page'] },
    { at: day + hour, told: ['page'] },
    { at: day + hour + 5, told: [] },
    { at: day + hour + 8, told: [] },
  ],
};

const leak: AlertScenario = {
  ...reads,
  phases: [
    quiet(3 * day - 6 * hour),
    steady(6 * hour),
    { minutes: day, good: 598, bad: 2 },
    steady(5 * hour),
  ],
  expectations: [
    { at: 3 * day + 21 * hour, told: [] },
    { at: 3 * day + 22 * hour, told: ['ticket'] },
    { at: 4 * day + 4 * hour, told: ['ticket'] },
    { at: 4 * day + 4 * hour + 30, told: [] },
  ],
  evaluationMinutes: 10,
};

const outage: AlertScenario = {
  ...writes,
  phases: [quiet(3 * day - 6 * hour), steady(6 * hour), { minutes: 30, bad: 600 }, steady(7 * hour)],
  expectations: [
    { at: 3 * day - 2, told: [] },
    { at: 3 * day + 2, told: ['page'] },
    { at: 3 * day + 4, told: ['page', 'ticket'] },
    { at: 3 * day + 30 + 28, told: ['page', 'ticket'] },
    { at: 3 * day + 30 + 30, told: ['ticket'] },
    { at: 3 * day + 30 + 6 * hour - 2, told: ['ticket'] },
    { at: 3 * day + 30 + 6 * hour, told: [] },
  ],
  evaluationMinutes: 2,
};

const lateReads: AlertScenario = {
  ...quickReads,
  phases: [quiet(day - 6 * hour), steady(6 * hour), { minutes: 40, good: 400, late: 200 }, steady(hour)],
  expectations: [
    { at: day + 24, told: [] },
    { at: day + 25, told: ['page'] },
    { at: day + 40, told: ['page'] },
    { at: day + 40 + 1, told: ['page'] },
    { at: day + 40 + 2, told: [] },
  ],
};

/** A twentieth: enough for a ticket, and at no time for a page. */
const someLateReads: AlertScenario = {
  ...quickReads,
  phases: [
    quiet(3 * day - 6 * hour),
    steady(6 * hour),
    { minutes: 16 * hour, good: 570, late: 30 },
    steady(6 * hour),
  ],
  expectations: [
    { at: 3 * day + 14 * hour, told: [] },
    { at: 3 * day + 14 * hour + 30, told: ['ticket'] },
    { at: 3 * day + 16 * hour, told: ['ticket'] },
    { at: 3 * day + 20 * hour + 30, told: ['ticket'] },
    { at: 3 * day + 21 * hour, told: [] },
  ],
  evaluationMinutes: 10,
};

/** Writes may take longer than reads: those of the first hours are late for a read, and in time. */
const slowWrites: AlertScenario = {
  ...quickWrites,
  phases: [
    quiet(3 * day - 6 * hour),
    { minutes: 6 * hour, good: 300, late: 300 },
    { minutes: 12 * hour, good: 552, slow: 48 },
    steady(6 * hour),
  ],
  expectations: [
    { at: 3 * day, told: [] },
    { at: 3 * day + 4 * hour + 20, told: [] },
    { at: 3 * day + 4 * hour + 40, told: ['page'] },
    { at: 3 * day + 8 * hour + 30, told: ['page'] },
    { at: 3 * day + 9 * hour, told: ['page', 'ticket'] },
    { at: 3 * day + 12 * hour, told: ['page', 'ticket'] },
    { at: 3 * day + 12 * hour + 10, told: ['ticket'] },
    { at: 3 * day + 17 * hour, told: ['ticket'] },
    { at: 3 * day + 17 * hour + 30, told: [] },
  ],
  evaluationMinutes: 10,
};

const silence: AlertScenario = {
  ...reads,
  alert: 'MetricsMissing',
  phases: [steady(hour), { minutes: 20, silent: true }, steady(hour)],
  expectations: [
    { at: hour - 1, told: [] },
    // A sample is remembered for five minutes, and the rule waits for five.
    { at: hour + 9, told: [] },
    { at: hour + 10, told: ['page'] },
    { at: hour + 19, told: ['page'] },
    { at: hour + 20, told: [] },
  ],
};

const unreachable: AlertScenario = {
  ...silence,
  phases: [steady(hour), { minutes: 20, down: true }, steady(hour)],
  expectations: [
    { at: hour + 4, told: [] },
    { at: hour + 5, told: ['page'] },
    { at: hour + 19, told: ['page'] },
    { at: hour + 20, told: [] },
  ],
};

/** Every hour two bad minutes, 0.05 % over the day: half of what the budget allows. */
const noisyWeek: AlertScenario = {
  ...reads,
  phases: Array.from({ length: 7 * 24 }, () => [steady(58), { minutes: 2, good: 591, bad: 9 }]).flat(),
  expectations: Array.from({ length: 7 * 24 }, (_, index) => ({ at: (index + 1) * hour, told: [] })),
  evaluationMinutes: 60,
};

const oneFailure: AlertScenario = {
  ...reads,
  phases: [
    { minutes: 8 * hour, good: 0 },
    { minutes: 1, bad: 1 },
    { minutes: hour, good: 0 },
  ],
  expectations: [2, 5, 30].map((after) => ({ at: 8 * hour + after, told: [] })),
};

const lateReadsAsErrors: AlertScenario = {
  ...lateReads,
  ...reads,
  expectations: [{ at: day + 40, told: [] }],
  evaluationMinutes: 10,
};

/** By what happens, who is told after how many minutes, and when it is over. */
const scenarios: Readonly<Record<string, AlertScenario>> = {
  'a burst of 2 % errors pages after 44 minutes and is over 5 minutes after it ends': burst,
  'a slow leak of 0.33 % errors pages nobody, is a ticket after 22 hours, and is over four and a half hours after it ends':
    leak,
  'a total outage pages within two minutes and is a ticket after four; they are over half an hour and 6 hours after it ends':
    outage,
  'a third of the reads late pages after 25 minutes, and is over two minutes after they end': lateReads,
  'one read in twenty late pages nobody, is a ticket after 14 and a half hours, and is over 5 hours after it ends':
    someLateReads,
  '8 % of the writes slow page after 4 and a half hours and are a ticket after 9; they are over ten minutes and five and a half hours after they end':
    slowWrites,
  'metrics that end page after ten minutes, and are over when they come back': silence,
  'tasks that answer no scrape page after five minutes, and are over when one does': unreachable,
  'late answers tell nobody as errors': lateReadsAsErrors,
  'a noisy but healthy week tells nobody': noisyWeek,
  'a single failed request at night tells nobody': oneFailure,
};

const rules = await readFile(rulesFile, 'utf8');

/** Alerts of the rules' file, as `name severity`, that no scenario sees firing and then over. */
function neverSeen(among: readonly AlertScenario[]): readonly string[] {
  const seen = among.flatMap(({ alert, expectations }) =>
    expectations.flatMap(({ at, told }) =>
      told
        .filter((severity) => expectations.some((later) => later.at > at && !later.told.includes(severity)))
        .map((severity) => `${alert} ${severity}`),
    ),
  );
  return alertsIn(rules)
    .map(({ alert, labels }) => `${alert} ${labels['severity']}`)
    .filter((alert) => !seen.includes(alert));
}

test('the rules in the repository are the ones that docs/slo.yaml derives', async () => {
  expect(rules).toBe(renderPrometheusRules(await readSlo('docs/slo.yaml')));
});

describe('the scenarios', () => {
  const all = Object.values(scenarios);

  test('see every alert firing, and over', () => {
    expect(neverSeen([])).toHaveLength(9);
    expect(neverSeen(all)).toEqual([]);
  });
});

describeWith([promtool], 'alerts on the objectives', () => {
  test('promtool accepts the rules', () => {
    const output = execFileSync('promtool', ['check', 'rules', rulesFile], { encoding: 'utf8' });

    expect(output).toContain('SUCCESS');
  });

  test.each(Object.entries(scenarios))('%s', async (_what, scenario) => {
    await playRules(scenario);
  });

  test('an expectation that is wrong fails, so that the others mean something', async () => {
    const play = playRules({
      method: 'GET',
      objective: 'availability_reads',
      alert: 'AvailabilityReadsBudgetBurns',
      phases: [{ minutes: 60, good: 600 }],
      expectations: [{ at: 59, told: ['page'] }],
    });

    await expect(play).rejects.toThrow(/FAILED/);
  });
});
