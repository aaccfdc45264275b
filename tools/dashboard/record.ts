import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ensureTable } from '../../app/src/local/create-table.ts';
import { startEmbeddedDynamoDb } from '../../app/src/local/embedded-dynamodb.ts';
import { freePort } from '../../app/src/local/listen.ts';
import { loadRealMovies } from '../../app/src/local/load-real-movies.ts';
import { startPrometheus } from '../../app/src/local/prometheus.ts';
import { createStopStack } from '../../app/src/local/stop-stack.ts';
import { startTokenIssuer } from '../../app/src/local/token-issuer.ts';
import { createDynamoClient } from '../../app/src/movies/dynamo-client.ts';
import { bundle } from '../build/bundle.ts';
import { readSource } from '../build/source.ts';
import { noFaults, startDatabaseLink } from '../local-deployment/database-link.ts';
import { readSlo } from '../slo/objectives.ts';
import { prometheusQueries } from './queries.ts';
import { seriesKey, type Recording } from './recording.ts';
import { createTasks } from './tasks.ts';
import { startUsers } from './users.ts';

const periodSeconds = 60;
const ratePerSecond = 12;
const desiredTasks = 2;

/**
 * Runs two tasks of the service for ten minutes under load, with a slow, a throttling and an absent database and a
 * rolling deployment, and records what Prometheus saw, named as CloudWatch names it.
 */
export async function record(say: (line: string) => void): Promise<Recording> {
  const stack = createStopStack();
  const interrupt = (): void => {
    void stack.stopAll().finally(() => process.exit(130));
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const folder = await mkdtemp(join(tmpdir(), 'dashboard-'));
  stack.keep(() => rm(folder, { recursive: true }));
  try {
    const engine = await startEmbeddedDynamoDb({ dataDir: join(folder, 'dynamodb') });
    stack.keep(() => engine.stop());
    const client = createDynamoClient({
      region: 'eu-west-1',
      endpoint: engine.endpoint,
      requestTimeoutMs: 30_000,
    });
    const isNew = await ensureTable(client, 'movies');
    const { signal } = new AbortController();
    await loadRealMovies({ client, tableName: 'movies', isNew, dataDir: folder, say, signal });
    client.destroy();
    const link = await startDatabaseLink(engine.endpoint, Math.random);
    stack.keep(() => link.stop());
    const issuer = await startTokenIssuer();
    stack.keep(() => issuer.stop());

    const projectRoot = resolve(import.meta.dirname, '../..');
    await bundle({ projectRoot, out: '.cache/dashboard', source: readSource(projectRoot, process.env) });
    const tasks = await createTasks(resolve(projectRoot, '.cache/dashboard/main.js'), {
      TABLE_NAME: 'movies',
      DYNAMODB_ENDPOINT: link.url,
      HOST: '127.0.0.1',
      OIDC_ISSUER: issuer.issuer,
      OIDC_AUDIENCE: issuer.audience,
      DRAIN_DELAY_MS: '1000',
      AWS_ACCESS_KEY_ID: 'none',
      AWS_SECRET_ACCESS_KEY: 'none',
    });
    stack.keep(tasks.stop);
    for (let count = 0; count < desiredTasks; count += 1) await tasks.start();
    const port = await freePort();
    const prometheus = await startPrometheus({
      port,
      targets: tasks.targets,
      dataDir: join(folder, 'prometheus'),
    });
    stack.keep(prometheus.stop);
    const users = await startUsers(
      tasks.running,
      await issuer.token('movies/read movies/write'),
      ratePerSecond,
    );
    stack.keep(users.stop);

    await pause(60_000); // so that the first minute is a whole one
    const from = Date.now();
    const events: { at: number; event: string; reason: string }[] = [];
    const note = (event: string, reason: string) => {
      events.push({ at: Date.now(), event, reason });
      say(`${Math.round((Date.now() - from) / 1_000)} s: ${event} ${reason}`);
    };
    const minutes = async (count: number) => {
      await pause(count * 60_000);
    };
    await minutes(2);
    say('the database is slow');
    await link.set({ ...noFaults, latencyMs: 300 });
    await minutes(1.5);
    await link.set(noFaults);
    await minutes(1);
    say('the database throttles');
    await link.set({ ...noFaults, throttleRatio: 0.5 });
    await minutes(1);
    await link.set(noFaults);
    await minutes(1.5);
    say('the database is gone');
    await link.set({ ...noFaults, refuse: true });
    await minutes(1);
    say('the database is back');
    await link.set(noFaults);
    await minutes(1.5);
    note('SERVICE_DEPLOYMENT_IN_PROGRESS', 'a new version is rolled out');
    for (let count = 0; count < desiredTasks; count += 1) {
      await tasks.start();
      await pause(15_000);
      await tasks.stopOldest();
      note('STOPPED', 'a task of the version before');
    }
    note('SERVICE_DEPLOYMENT_COMPLETED', 'the new version runs');
    await minutes(1.5);

    const span = Math.floor((Date.now() - from) / (periodSeconds * 1_000));
    const ends = Array.from({ length: span }, (_, minute) => from + (minute + 1) * periodSeconds * 1_000);
    const slo = await readSlo(join(projectRoot, 'docs/slo.yaml'));
    const queries = Object.entries(prometheusQueries(slo));
    const asked = await Promise.all(
      queries.map(async ([key, query]): Promise<[string, (number | null)[]]> => [
        key,
        await askPrometheus(port, query, ends),
      ]),
    );
    const counted = (times: readonly number[]) =>
      ends.map((end) => times.filter((at) => at < end && at >= end - periodSeconds * 1_000).length);
    const unanswered = counted(users.unanswered);
    return {
      source: `Two tasks of the service as processes, ${ratePerSecond} requests a second for ${span} minutes; the database is slow, throttles and is gone, then a new version is rolled out.`,
      from,
      periodSeconds,
      series: {
        ...Object.fromEntries(asked),
        // What no task answered, a load balancer would have.
        [seriesKey('AWS/ApplicationELB', 'HTTPCode_ELB_5XX_Count', 'Sum')]: unanswered.map(
          (count) => count || null,
        ),
        [seriesKey('ECS/ContainerInsights', 'DesiredTaskCount', 'Average')]: ends.map(() => desiredTasks),
        [seriesKey('ECS/ContainerInsights', 'PendingTaskCount', 'Average')]: ends.map(() => 0),
        [seriesKey('Movies', 'deployments', 'Sum')]: counted(
          events.filter(({ event }) => event.endsWith('IN_PROGRESS')).map(({ at }) => at),
        ),
      },
      absent: ['AWS/WAFV2'],
      events,
      healthyPerMinute: users.perMinute,
    };
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    await stack.stopAll();
  }
}

/** The value of a query at each of the times (ms since 1970). */
async function askPrometheus(
  port: number,
  query: string,
  times: readonly number[],
): Promise<(number | null)[]> {
  return Promise.all(
    times.map(async (time) => {
      const parameters = new URLSearchParams({ query, time: String(time / 1_000) });
      const response = await fetch(`http://127.0.0.1:${port}/api/v1/query?${parameters.toString()}`);
      const { data, error } = (await response.json()) as {
        data?: { result: readonly { value: readonly [number, string] }[] };
        error?: string;
      };
      if (data === undefined) throw new Error(`Prometheus refuses ${query}: ${error ?? response.status}`);
      const value = Number(data.result[0]?.value[1] ?? Number.NaN);
      return Number.isFinite(value) ? Number(value.toPrecision(4)) : null;
    }),
  );
}
