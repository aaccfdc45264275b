import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { Problem } from '../commands/problem.ts';

const rules = fileURLToPath(new URL('../../../modules/observability/prometheus/rules.yaml', import.meta.url));
const readyWithinMs = 30_000;

/** What is scraped: fixed `host:port`, or an address that tells them, asked every few seconds. */
export type ScrapeTargets = readonly string[] | URL;

export interface PrometheusOptions {
  readonly port: number;
  readonly targets: ScrapeTargets;
  /** Keeps its configuration and what it measured. */
  readonly dataDir: string;
  /** Whether it takes what a collector writes to it, as Managed Prometheus does. */
  readonly takesWrites?: boolean;
}

/** Starts the machine's Prometheus on loopback, with the rules of production. Rejects with a `Problem` where there is none. */
export async function startPrometheus({
  port,
  targets,
  dataDir,
  takesWrites = false,
}: PrometheusOptions): Promise<{ readonly stop: () => Promise<void> }> {
  await mkdir(dataDir, { recursive: true });
  const config = join(dataDir, 'prometheus.yml');
  await writeFile(
    config,
    stringify({
      global: { scrape_interval: '5s', evaluation_interval: '15s' },
      rule_files: [rules],
      scrape_configs: [{ job_name: 'movies-api', ...discover(targets) }],
    }),
  );
  const child = spawn(
    'prometheus',
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(dataDir, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--enable-feature=exemplar-storage',
      ...(takesWrites ? ['--web.enable-remote-write-receiver'] : []),
      '--log.level=warn',
    ],
    // Its own process group: Ctrl-C reaches this process only, which then stops it in its turn.
    { stdio: ['ignore', 'ignore', 'pipe'], detached: true },
  );
  let said = '';
  child.stderr.on('data', (text: Buffer) => {
    said = (said + text.toString()).slice(-2_000);
  });
  const ended = new Promise<'ended'>((resolve) => {
    child.once('exit', () => {
      resolve('ended');
    });
    child.once('error', (error) => {
      said = error.message;
      resolve('ended');
    });
  });

  const stop = async (): Promise<void> => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  };
  const outcome = await Promise.race([ended, isReady(port)]);
  if (outcome === 'ready') return { stop };
  await stop();
  throw new Problem(
    `Prometheus did not start: ${said.trim() || `it was not ready in ${readyWithinMs / 1000} s`}`,
    'install it (on Debian: apt-get install prometheus), or leave --prometheus away',
  );
}

/** https://prometheus.io/docs/prometheus/latest/configuration/configuration/#http_sd_config */
const discover = (targets: ScrapeTargets): Record<string, unknown> =>
  targets instanceof URL
    ? { http_sd_configs: [{ url: targets.href, refresh_interval: '5s' }] }
    : { static_configs: [{ targets }] };

async function isReady(port: number): Promise<'ready' | 'late'> {
  const deadline = Date.now() + readyWithinMs;
  while (Date.now() < deadline) {
    const answer = await fetch(`http://127.0.0.1:${port}/-/ready`).catch(() => undefined);
    if (answer?.ok) return 'ready';
    await pause(100);
  }
  return 'late';
}
