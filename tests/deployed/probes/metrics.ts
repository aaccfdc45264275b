import { expect } from '@jest/globals';
import type { Deployment } from '../deployment.ts';
import { ask } from '../http.ts';
import type { ProbeGroup } from '../probe.ts';

/** What a scraper would take. */
const exposition = /^# TYPE /m;
const doors = ['/metrics', '/metrics/', '//metrics', '/%6detrics', '/METRICS'];

export async function checkMetricsAreClosed(deployment: Deployment): Promise<void> {
  const answers = await Promise.all(doors.map((path) => ask(deployment, path, { scope: 'movies/read' })));

  expect(answers.map(({ status, text }) => ({ isOpen: status < 400 || exposition.test(text) }))).toEqual(
    doors.map(() => ({ isOpen: false })),
  );
}

export async function checkMetricsAreScrapeable(deployment: Deployment): Promise<void> {
  const urls = (await deployment.metricsUrls?.()) ?? [];

  const texts = await Promise.all(
    urls.map(async (url) => (await fetch(url, { signal: AbortSignal.timeout(5_000) })).text()),
  );

  expect(texts.length).toBeGreaterThan(0);
  expect(texts.map((text) => /^http_request_duration_seconds_count\{/m.test(text))).toEqual(
    texts.map(() => true),
  );
}

export const metricsProbes: readonly ProbeGroup[] = [
  {
    name: 'metrics from outside',
    probes: { 'are behind no path of the load balancer': checkMetricsAreClosed },
  },
  {
    name: 'metrics from inside',
    needs: ['the network of the tasks'],
    probes: { 'can be scraped from every task': checkMetricsAreScrapeable },
  },
];
