import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../../app/src/local/listen.ts';
import { startPrometheus } from '../../../app/src/local/prometheus.ts';

const run = promisify(execFile);
const stepSeconds = 60;
const metric = 'http_request_duration_seconds';

export interface History {
  /** As far back as the longest window of an alert looks. */
  readonly hours: number;
  readonly readsPerSecond: number;
  /** Seconds since 1970. */
  readonly until: number;
}

/**
 * Writes healthy days into a Prometheus that hasn't started yet, as blocks of its database: without them a window of an
 * hour or of three days is as long as the drill, and any error fills it.
 *
 * @param dataDir as `startPrometheus` takes it
 */
async function writeHistory(dataDir: string, history: History): Promise<void> {
  await mkdir(dataDir, { recursive: true });
  const file = join(dataDir, 'history.txt');
  await writeFile(file, renderHistory(history));
  await run('promtool', [
    'tsdb',
    'create-blocks-from',
    'openmetrics',
    '--quiet',
    file,
    join(dataDir, 'data'),
  ]);
}

/** Reads in the format of OpenMetrics: all answered, and all within any bound. */
export function renderHistory({ hours, readsPerSecond, until }: History): string {
  const steps = (hours * 3_600) / stepSeconds;
  const labels = 'job="movies-api",instance="history",route="/movies",method="GET",status_class="2xx"';
  const series = [
    ...['0.25', '0.5', '+Inf'].map((le) => `${metric}_bucket{${labels},le="${le}"}`),
    `${metric}_count{${labels}}`,
  ];
  const lines = Array.from({ length: steps + 1 }, (_, step) => {
    const at = until - (steps - step) * stepSeconds;
    return series.map((name) => `${name} ${step * stepSeconds * readsPerSecond} ${at}`).join('\n');
  });
  return [`# TYPE ${metric} histogram`, ...lines, '# EOF', ''].join('\n');
}

interface Alert {
  readonly state: 'pending' | 'firing';
  readonly labels: Readonly<Record<string, string>>;
}

/** A Prometheus that scrapes the tasks, with the rules of production. */
export interface WatchedAlerts {
  readonly url: string;
  /** Alerts that fire now, as `name severity`. */
  readonly firing: () => Promise<readonly string[]>;
  /** Ids of the tasks that it scrapes with success. */
  readonly scraped: () => Promise<readonly string[]>;
  readonly stop: () => Promise<void>;
}

/** @param targets address that tells the metrics ports of the tasks */
export async function watchAlerts(targets: URL, readsPerSecond: number): Promise<WatchedAlerts> {
  const dataDir = await mkdtemp(join(tmpdir(), 'drill-prometheus-'));
  await writeHistory(dataDir, { hours: 73, readsPerSecond, until: Math.floor(Date.now() / 1_000) });
  const port = await freePort();
  const prometheus = await startPrometheus({ port, targets, dataDir });
  const url = `http://127.0.0.1:${port}`;
  const ask = async (path: string): Promise<unknown> => {
    const response = await fetch(`${url}/api/v1/${path}`, { signal: AbortSignal.timeout(10_000) });
    return ((await response.json()) as { data: unknown }).data;
  };
  return {
    url,
    firing: async () => {
      const { alerts } = (await ask('alerts')) as { alerts: readonly Alert[] };
      return alerts
        .filter(({ state }) => state === 'firing')
        .map(({ labels }) => `${labels['alertname'] ?? ''} ${labels['severity'] ?? ''}`);
    },
    scraped: async () => {
      const { result } = (await ask(`query?query=${encodeURIComponent('up{job="movies-api"} == 1')}`)) as {
        result: readonly { metric: Readonly<Record<string, string>> }[];
      };
      return result.map(({ metric }) => metric['task'] ?? '');
    },
    stop: async () => {
      await prometheus.stop();
      await rm(dataDir, { recursive: true });
    },
  };
}
