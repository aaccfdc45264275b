import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../app/src/local/listen.ts';
import { startPrometheus } from '../../../app/src/local/prometheus.ts';
import { writeHistory } from './prometheus-history.ts';

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
