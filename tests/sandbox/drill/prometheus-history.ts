import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

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
export async function writeHistory(dataDir: string, history: History): Promise<void> {
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
