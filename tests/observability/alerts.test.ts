import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { renderPrometheusRules } from '../../tools/checks/alert-rules.ts';
import { readSlo } from '../../tools/lib/objectives.ts';
import { alertsIn, playRules, promtool, rulesFile, type AlertScenario } from '../support/promtool.ts';
import { describeWith } from '../support/requirements.ts';
import { scenarios } from './alert-scenarios.ts';

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
