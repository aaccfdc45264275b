import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { createMetrics } from '../../app/src/telemetry/metrics.ts';

interface Dashboard {
  readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[];
}

const metricNames = (text: string) => [
  ...new Set(text.match(/\b(?:slo:\w+|(?:http|dynamodb|nodejs|process)_\w+|ALERTS)\b/g) ?? []),
];
const base = (name: string) => name.replace(/_(bucket|count|sum|total)$/, '');

test('the Grafana dashboard asks only for metrics that the service and the rules have', async () => {
  const dashboard = JSON.parse(await readFile('docs/grafana/movies-api.json', 'utf8')) as Dashboard;
  const rules = await readFile('modules/observability/prometheus/rules.yaml', 'utf8');
  const known = new Set(
    ['ALERTS', ...metricNames(rules), ...metricNames(await createMetrics().registry.metrics())].map(base),
  );

  const asked = metricNames(
    dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)).join('\n'),
  );

  expect(asked.length).toBeGreaterThan(8);
  expect(asked.filter((name) => !known.has(base(name)))).toEqual([]);
});
