import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import { renderPrometheusRules } from '../../tools/checks/alert-rules.ts';
import { readSlo } from '../../tools/lib/objectives.ts';
import { program } from './requirements.ts';

export const promtool = program('promtool', 'install the Debian package prometheus, or run `make tools`');
export const rulesFile = resolve('modules/observability/prometheus/rules.yaml');

/** Answers per minute, for so many minutes. `silent` minutes report nothing at all, not even whether a scrape succeeded. */
export interface Phase {
  readonly minutes: number;
  readonly good?: number;
  readonly bad?: number;
  /** Good, but later than a read may be; a write may. */
  readonly late?: number;
  /** Good, but slower than any bound. */
  readonly slow?: number;
  readonly silent?: boolean;
  /** Scraped without success: nothing is reported but that. */
  readonly down?: boolean;
  /** One sample in half an hour, to lend the long windows a history that is cheap to evaluate. */
  readonly sparse?: boolean;
}

export interface Expectation {
  /** Minutes after the start. */
  readonly at: number;
  /** Who is told, by severity; nobody when empty. */
  readonly told: readonly ('page' | 'ticket')[];
}

/** What answers come in, and who is told of it when. */
export interface AlertScenario {
  readonly method: 'GET' | 'POST';
  readonly objective: string;
  readonly alert: string;
  readonly phases: readonly Phase[];
  readonly expectations: readonly Expectation[];
  /** 1 unless the scenario is a long one. */
  readonly evaluationMinutes?: number;
}

const buckets = ['0.25', '0.5', '+Inf'] as const;

/** A counter's samples, one a minute, in promtool's notation: `start+stepxcount`, `_xcount` where nothing is scraped. */
function samples(phases: readonly Phase[], perMinute: (phase: Phase) => number): string {
  let value = 0;
  return phases
    .map((phase) => {
      if (phase.silent || phase.down) return `_x${phase.minutes}`;
      const step = perMinute(phase);
      if (phase.sparse) {
        const halfHours = Array.from(
          { length: phase.minutes / 30 },
          (_, index) => `${value + step * 30 * (index + 1)} _x29`,
        );
        value += step * phase.minutes;
        return halfHours.join(' ');
      }
      const part = `${value + step}+${step}x${phase.minutes - 1}`;
      value += step * phase.minutes;
      return part;
    })
    .join(' ');
}

function seriesOf(method: string, phases: readonly Phase[]): readonly { series: string; values: string }[] {
  const name = 'http_request_duration_seconds';
  const labels = (statusClass: string): string =>
    `route="/movies",method="${method}",status_class="${statusClass}"`;
  const ok = ({ good = 0, late = 0, slow = 0 }: Phase): number => good + late + slow;
  const within = {
    '0.25': ({ good = 0 }: Phase): number => good,
    '0.5': ({ good = 0, late = 0 }: Phase): number => good + late,
    '+Inf': ok,
  };
  return [
    { series: `${name}_count{${labels('2xx')}}`, values: samples(phases, ok) },
    { series: `${name}_count{${labels('5xx')}}`, values: samples(phases, ({ bad = 0 }) => bad) },
    ...buckets.map((le) => ({
      series: `${name}_bucket{${labels('2xx')},le="${le}"}`,
      values: samples(phases, within[le]),
    })),
    {
      series: 'up{job="movies-api"}',
      values: phases
        .map(({ silent, down, minutes }) => (silent ? `_x${minutes}` : `${down ? 0 : 1}x${minutes - 1}`))
        .join(' '),
    },
  ];
}

/** Plays the scenario to the real rules and has promtool compare who is told when. Rejects with its report. */
export async function playRules({
  method,
  objective,
  alert,
  phases,
  expectations,
  evaluationMinutes = 1,
}: AlertScenario): Promise<void> {
  const rendered = await renderRules(objective);
  const rules = alertsIn(rendered);
  const test = {
    rule_files: ['rules.yaml'],
    // Without it promtool evaluates groups in any order, and alerts may see what was recorded a minute ago.
    group_eval_order: ['slo-recording', 'slo-alerts'],
    evaluation_interval: `${evaluationMinutes}m`,
    tests: [
      {
        interval: '1m',
        input_series: seriesOf(method, phases),
        alert_rule_test: expectations.map(({ at, told }) => ({
          eval_time: `${at}m`,
          alertname: alert,
          exp_alerts: told.map((severity) => {
            const rule = rules.find(
              (candidate) => candidate.alert === alert && candidate.labels['severity'] === severity,
            );
            return { exp_labels: rule?.labels, exp_annotations: rule?.annotations };
          }),
        })),
      },
    ],
  };
  const directory = await mkdtemp(join(tmpdir(), 'promtool-'));
  try {
    const file = join(directory, 'scenario.yaml');
    await writeFile(join(directory, 'rules.yaml'), rendered);
    await writeFile(file, stringify(test));
    await promisify(execFile)('promtool', ['test', 'rules', file], { maxBuffer: 16 * 1024 * 1024 });
  } finally {
    await rm(directory, { recursive: true });
  }
}

interface AlertRule {
  readonly alert: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** The rules of one objective only: the others would be evaluated thousands of times for nothing. */
async function renderRules(objective: string): Promise<string> {
  const slo = await readSlo('docs/slo.yaml');
  const objectives = Object.entries(slo.objectives).filter(([name]) => name === objective);
  return renderPrometheusRules({ ...slo, objectives: Object.fromEntries(objectives) });
}

/** The alerts among the rules. */
export function alertsIn(rendered: string): readonly AlertRule[] {
  const { groups } = parse(rendered) as { groups: { rules: (AlertRule | { record: string })[] }[] };
  return groups.flatMap(({ rules }) => rules).filter((rule) => 'alert' in rule);
}
