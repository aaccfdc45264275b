import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { renderPrometheusRules } from '../../tools/checks/alert-rules.ts';
import { readSlo } from '../../tools/lib/objectives.ts';
import { alertsIn, playRules, promtool, rulesFile, type AlertScenario } from '../support/promtool.ts';
import { describeWith } from '../support/requirements.ts';
import { played, scenarios } from './alert-scenarios.ts';

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

  test('an alert without a scenario is named', () => {
    expect(neverSeen(all.filter(({ alert }) => alert !== 'LatencyWritesBudgetBurns'))).toEqual([
      'LatencyWritesBudgetBurns page',
      'LatencyWritesBudgetBurns ticket',
    ]);
  });

  test('an alert that is never over is named', () => {
    const endless = all.map((scenario) =>
      scenario.alert === 'MetricsMissing'
        ? { ...scenario, expectations: scenario.expectations.slice(0, -1) }
        : scenario,
    );

    expect(neverSeen(endless)).toEqual(['MetricsMissing page']);
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

const { burst, leak, outage, lateReads, someLateReads, slowWrites, silence, unreachable } = played;
/** Evaluated more rarely, and asked only when it has just been. */
const coarse = (scenario: AlertScenario, evaluationMinutes = 30): AlertScenario => ({
  ...scenario,
  expectations: scenario.expectations.filter(({ at }) => at % evaluationMinutes === 0),
  evaluationMinutes,
});

const mistakes: readonly (readonly [string, AlertScenario, string, string])[] = [
  ['a page at twice its rate', coarse(burst, 4), '>= 0.0144', '>= 0.0288'],
  ['a page at half its rate', coarse(burst, 4), '>= 0.0144', '>= 0.0072'],
  [
    'a page over a longer window',
    coarse(burst, 4),
    'rate1h{objective="availability_reads"} >=',
    'rate3d{objective="availability_reads"} >=',
  ],
  [
    'a page that looks back for longer',
    coarse(burst, 4),
    'rate5m{objective="availability_reads"} >=',
    'rate1h{objective="availability_reads"} >=',
  ],
  [
    'a page that is only a ticket',
    coarse(burst, 4),
    'severity: page\n          objective',
    'severity: ticket\n          objective',
  ],
  [
    'a page of another objective',
    coarse(burst, 4),
    'objective: availability_reads\n        annotations',
    'objective: others\n        annotations',
  ],
  ['more bad answers than there are', coarse(burst, 4), ') >= 10)', ') >= 100000)'],
  ['other errors counted', coarse(burst, 4), 'status_class!="5xx"', 'status_class!="4xx"'],
  ['the other methods counted', coarse(burst, 4), 'GET|HEAD', 'POST|PUT'],
  [
    'a burst that has to last',
    coarse(burst, 4),
    'labels:\n          severity: page',
    'for: 15m\n        labels:\n          severity: page',
  ],
  ['a ticket at twice its rates', coarse(leak), '>= 0.00', '>= 0.02'],
  [
    'a ticket over shorter windows',
    coarse(leak),
    'rate1d{objective="availability_reads"} >=',
    'rate2h{objective="availability_reads"} >=',
  ],
  [
    'a ticket that is never over',
    coarse(leak),
    'rate6h{objective="availability_reads"} >= 0.001',
    'rate3d{objective="availability_reads"} >= 0.001',
  ],
  ['a ticket that pages', coarse(leak), 'severity: ticket', 'severity: page'],
  [
    'a page that outlives an outage by hours',
    outage,
    'rate30m{objective="availability_writes"} >=',
    'rate6h{objective="availability_writes"} >=',
  ],
  [
    'slowness that pages for an hour after it',
    coarse(lateReads, 2),
    'rate5m{objective="latency_reads"} >=',
    'rate1h{objective="latency_reads"} >=',
  ],
  ['slow answers taken for good ones', coarse(lateReads, 2), '_bucket{', '_count{'],
  ['reads that may take as long as writes', coarse(lateReads, 2), 'le="0.25"', 'le="0.5"'],
  ['slow reads that are a ticket sooner', coarse(someLateReads), '>= 0.03', '>= 0.02'],
  ['slow reads that are a ticket later', coarse(someLateReads), '>= 0.0', '>= 0.1'],
  ['writes that must be as quick as reads', coarse(slowWrites), 'le="0.5"', 'le="0.25"'],
  ['slow writes that page by the quick window only', coarse(slowWrites), '>= 0.06', '>= 0.6'],
  [
    'silence that is not looked for',
    silence,
    'absent(up{job="movies-api"} == 1)',
    'up{job="movies-api"} == 0',
  ],
  [
    'tasks that are not reached, taken for well',
    unreachable,
    'absent(up{job="movies-api"} == 1)',
    'absent(up{job="movies-api"})',
  ],
  ['silence of another job', silence, 'up{job="movies-api"}', 'up{job="another"}'],
  ['silence told after half an hour', silence, 'for: 5m', 'for: 30m'],
  ['silence told at once', silence, 'for: 5m', 'for: 0m'],
  [
    'silence that waits for the morning',
    silence,
    'severity: page\n        annotations',
    'severity: ticket\n        annotations',
  ],
];

describeWith([promtool], 'a mistake in the rules', () => {
  test('is what makes them fail: the coarser scenarios hold without one', async () => {
    const coarser = [leak, someLateReads, slowWrites].map((scenario) => coarse(scenario));

    await Promise.all(
      [...coarser, coarse(burst, 4), coarse(lateReads, 2)].map((scenario) => playRules(scenario)),
    );
  });

  test.each(mistakes)('%s is noticed', async (_what, scenario, right, wrong) => {
    const mistake = (rules: string) => {
      expect(rules).toContain(right);
      return rules.replaceAll(right, wrong);
    };

    await expect(playRules(scenario, mistake)).rejects.toThrow(/FAILED/);
  });
});
