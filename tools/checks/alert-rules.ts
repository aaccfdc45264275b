import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { runCommand } from '../../app/src/commands/command.ts';
import { readSlo, type BurnRate, type Objective, type Severity, type Slo } from '../lib/objectives.ts';

const histogram = 'http_request_duration_seconds';
/** What users came for: no health checks, no documentation. */
const routes = 'route=~"/movies.*"';
const severities: readonly Severity[] = ['page', 'ticket'];

/** The share of an objective's answers that were bad in `window`; one where every answer was, none where nobody asked. */
function badShare(objective: Objective, window: string): string {
  const methods = `${routes},method=~"${objective.methods.join('|')}"`;
  const all = `sum(rate(${histogram}_count{${methods}}[${window}]))`;
  const inTime = objective.bound_ms === undefined ? '_count' : '_bucket';
  const bound = objective.bound_ms === undefined ? '' : `,le="${objective.bound_ms / 1000}"`;
  const good = `(sum(rate(${histogram}${inTime}{${methods},status_class!="5xx"${bound}}[${window}])) or vector(0))`;
  return `1 - ${good} / (${all} > 0)`;
}

function badAnswers(objective: Objective, window: string): string {
  const methods = `${routes},method=~"${objective.methods.join('|')}"`;
  return `(slo:bad_share:rate${window}{objective="OBJECTIVE"} * on() sum(increase(${histogram}_count{${methods}}[${window}])))`;
}

function alertExpression(
  name: string,
  objective: Objective,
  rates: readonly BurnRate[],
  least: number,
): string {
  const budget = (100 - objective.objective_percent) / 100;
  const burning = (factor: number, window: string): string =>
    `slo:bad_share:rate${window}{objective="${name}"} >= ${Number((factor * budget).toPrecision(6))}`;
  return rates
    .map(
      ({ factor, long, short }) =>
        `(${burning(factor, long)} and ${burning(factor, short)} and on() ${badAnswers(objective, long).replace('OBJECTIVE', name)} >= ${least})`,
    )
    .join('\nor\n');
}

const alertName = (objective: string): string =>
  `${objective
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')}BudgetBurns`;

/**
 * Recording and alerting rules in Prometheus's format, for Managed Prometheus and the local one alike. Recorded:
 * `slo:bad_share:rate<window>{objective}`, the share (0–1) of bad answers. Alerts carry `severity` and a runbook anchor.
 */
export function renderPrometheusRules(slo: Slo): string {
  const objectives = Object.entries(slo.objectives);
  const windows = [...new Set(slo.burn_rates.flatMap(({ long, short }) => [long, short]))];
  const recordings = objectives.flatMap(([name, objective]) =>
    windows.map((window) => ({
      record: `slo:bad_share:rate${window}`,
      expr: badShare(objective, window),
      labels: { objective: name },
    })),
  );
  const burns = objectives.flatMap(([name, objective]) =>
    severities.map((severity) => {
      const rates = slo.burn_rates.filter((rate) => rate.severity === severity);
      return {
        alert: alertName(name),
        expr: alertExpression(name, objective, rates, slo.minimum_bad_answers),
        labels: { severity, objective: name },
        annotations: {
          summary: objective.user_impact,
          description: `The error budget of ${slo.window_days} days burns ${rates.map(({ factor, long }) => `${factor} times too fast over ${long}`).join(' or ')}.`,
          runbook: `docs/runbook.md#${name.replaceAll('_', '-')}`,
        },
      };
    }),
  );
  const silence = {
    alert: 'MetricsMissing',
    expr: 'absent(up{job="movies-api"} == 1)',
    for: '5m',
    labels: { severity: 'page' },
    annotations: {
      summary: 'No task reports metrics: tasks are gone, or they are not seen.',
      description: 'No scrape of the service has succeeded for five minutes.',
      runbook: 'docs/runbook.md#metrics-missing',
    },
  };
  // Managed Prometheus bills the samples that a query reads, and the longest window has three days of them: once a minute.
  const groups = [
    { name: 'slo-recording', interval: '1m', rules: recordings },
    { name: 'slo-alerts', interval: '1m', rules: [...burns, silence] },
  ];
  return `# Derived from docs/slo.yaml by \`npm run slo\`. Do not edit.\n${stringify({ groups }, { lineWidth: 0 })}`;
}

/** `npm run slo`: writes what is derived from docs/slo.yaml and kept in the repository. */
if (process.argv[1] === import.meta.filename)
  await runCommand(async () => {
    const project = resolve(import.meta.dirname, '../..');
    const file = 'modules/observability/prometheus/rules.yaml';
    await writeFile(
      join(project, file),
      renderPrometheusRules(await readSlo(join(project, 'docs/slo.yaml'))),
    );
    console.log(`Wrote ${file}`);
  });
