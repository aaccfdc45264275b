/** Exemplars exist in OpenMetrics only; who doesn't ask for it gets Prometheus's older format, which has none. */
export const asksForOpenMetrics = (accept: string | undefined): boolean =>
  accept?.includes('application/openmetrics-text') ?? false;

/**
 * OpenMetrics text as Prometheus's text format 0.0.4: the same samples without exemplars, and counters declared under the
 * name that their samples have.
 */
export function toPrometheusText(openMetrics: string): string {
  const counters = new Set([...openMetrics.matchAll(/^# TYPE (\S+) counter$/gm)].map(([, name]) => name));
  return openMetrics
    .replace(/^# EOF\n/m, '')
    .replace(/^# (HELP|TYPE) (\S+) /gm, (line, keyword: string, name: string) =>
      counters.has(name) ? `# ${keyword} ${name}_total ` : line,
    )
    .replace(/^([^#].*?) # \{.*$/gm, '$1');
}
