import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { eventually, fatal } from './eventually.ts';
import type { Requirement } from './requirements.ts';

export const collectorProgram = resolve('.cache/bin/collector');
export const collectorConfig = resolve('app/collector/config.yaml');

export const collector: Requirement = {
  name: 'the collector',
  missing: () =>
    existsSync(collectorProgram)
      ? undefined
      : 'build it with `make .cache/bin/collector` (takes Go and minutes)',
};

/** What the task definition and the task's role give it. */
export const collectorSettings = {
  REGION: 'eu-west-1',
  PROMETHEUS_REMOTE_WRITE_URL:
    'https://aps-workspaces.eu-west-1.amazonaws.com/workspaces/ws/api/v1/remote_write',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_EC2_METADATA_DISABLED: 'true',
};

/** The real collector with the real configuration, but for addresses: of the service under test, and of what stands in for AWS. */
export async function startCollector({
  otlpPort,
  metricsPort,
  awsUrl,
}: {
  readonly otlpPort: number;
  readonly metricsPort: number;
  readonly awsUrl: string;
}): Promise<{ readonly stop: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'collector-'));
  const config = parseDocument(await readFile(collectorConfig, 'utf8'));
  config.setIn(['receivers', 'otlp', 'protocols', 'http', 'endpoint'], `127.0.0.1:${otlpPort}`);
  const scrape = ['receivers', 'prometheus', 'config', 'scrape_configs', 0];
  config.setIn([...scrape, 'static_configs', 0, 'targets'], [`127.0.0.1:${metricsPort}`]);
  config.setIn([...scrape, 'scrape_interval'], '1s');
  config.setIn([...scrape, 'scrape_timeout'], '1s');
  config.setIn(['processors', 'batch', 'timeout'], '200ms');
  config.setIn(['exporters', 'awsxray', 'endpoint'], awsUrl);
  await writeFile(join(folder, 'config.yaml'), String(config));
  const running = spawn(collectorProgram, ['--config', join(folder, 'config.yaml')], {
    env: {
      ...collectorSettings,
      PROMETHEUS_REMOTE_WRITE_URL: `${awsUrl}/workspaces/ws/api/v1/remote_write`,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await eventually(async () => {
    // Somebody else may have been faster to take the port, and answer on it.
    if (running.exitCode !== null) throw fatal(`the collector ended with code ${running.exitCode}`);
    return fetch(`http://127.0.0.1:${otlpPort}/`);
  });
  return {
    stop: async () => {
      if (running.kill('SIGTERM')) await once(running, 'exit');
      await rm(folder, { recursive: true, force: true });
    },
  };
}
