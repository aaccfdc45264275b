import type { LocalState } from './state.ts';

export interface ScrapeTarget {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** The metrics ports of the tasks that run, as Prometheus discovers them: https://prometheus.io/docs/prometheus/latest/http_sd */
export const scrapeTargets = ({ tasks }: Pick<LocalState, 'tasks'>): readonly ScrapeTarget[] =>
  tasks
    .filter(({ status }) => status === 'RUNNING')
    .map(({ id, zone, metricsUrl }) => ({ targets: [new URL(metricsUrl).host], labels: { task: id, zone } }));
