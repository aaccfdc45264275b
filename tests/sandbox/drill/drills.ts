import { setTimeout as pause } from 'node:timers/promises';
import { DeleteItemCommand, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { expect } from '@jest/globals';
import { Agent, request } from 'undici';
import { maintain, readFirewall, type Wanted } from '../../../tools/release/maintenance.ts';
import { compare, readRecovery, readSource, restore, withRestoring } from '../../../tools/release/restore.ts';
import { clientSettings } from '../../../tools/lib/terraform/emulated.ts';
import { createServingHome } from '../../../tools/sandbox/deployment/processes.ts';
import type { DatabaseFaults } from '../../../tools/sandbox/deployment/state.ts';
import type { Deployment } from '../../deployed/deployment.ts';
import { ask } from '../../deployed/probe.ts';
import { checkRunningDigest, checkSteadyState } from '../../deployed/probes/service.ts';
import type { Budget, Drill, Scene, Seen } from './drill.ts';
import { watchAlerts, type WatchedAlerts } from './prometheus.ts';
import {
  becomesSteady,
  deployLocal,
  healthWindowMs,
  release,
  releaseWith,
  runningTasks,
  scaleTo,
} from './service.ts';
import { eventually } from '../../support/eventually.ts';
import { promtool } from '../../support/promtool.ts';
import { program } from '../../support/requirements.ts';

const page = 'AvailabilityReadsBudgetBurns page';
/** Of an hour of healthy traffic 52 s of failures are 14.4 times the budget; rules are evaluated each half minute. */
const pagedWithinMs = 180_000;
/** The short window of the page has to run empty. */
const resolvedWithinMs = 420_000;

/** Everything fails until somebody is paged; then it is mended, and a new version is rolled out while the page resolves. */
const pagedOutage: Drill = {
  id: 'alert-fires',
  title: 'An outage pages, and the page resolves',
  requires: [promtool, program('prometheus', 'install the Debian package prometheus, or run `make tools`')],
  longestMs: 720_000,
  budget: ({ ratePerSecond }) =>
    Promise.resolve({
      failed: Math.ceil((pagedWithinMs / 1_000) * ratePerSecond),
      failures: { status: 503, withinMs: 1_000 },
      // Tasks are replaced meanwhile, which must not fail a request but may slow one down.
      recoveredWithinMs: resolvedWithinMs,
    }),
  act: async (scene) => {
    const alerts = await watchAlerts(new URL('/scrape-targets', scene.control), scene.ratePerSecond);
    try {
      return await playOutage(scene, alerts);
    } finally {
      await alerts.stop();
    }
  },
};

async function playOutage(
  { deployment, harm, state, mark, now }: Scene,
  alerts: WatchedAlerts,
): ReturnType<Drill['act']> {
  const scrapes = (tasks: readonly string[]) =>
    eventually(
      async () => {
        const scraped = await alerts.scraped();
        if (tasks.some((task) => !scraped.includes(task)))
          throw new Error(`Prometheus scrapes ${scraped.length} of ${tasks.length} tasks`);
      },
      { deadlineMs: 60_000, everyMs: 1_000 },
    );
  const { taskDefinition: former, tasks } = await state();
  await scrapes(runningTasks({ tasks }));
  const early = await alerts.firing();
  if (early.length > 0) throw new Error(`told before anything is wrong: ${early.join(', ')}`);

  const since = now();
  await harm({ kind: 'database', database: { refuse: true } });
  mark('the database is gone');
  await eventually(
    async () => {
      const told = await alerts.firing();
      if (!told.includes(page)) throw new Error(`nobody is paged, only: ${told.join(', ')}`);
    },
    { deadlineMs: pagedWithinMs, everyMs: 500 },
  );
  const pagedAfter = now() - since;
  mark('paged');
  await harm({ kind: 'heal' });
  const healedAt = now();
  mark('the database is back');

  const next = await releaseWith(deployment, { LOG_LEVEL: 'info' });
  await becomesSteady(state, ({ taskDefinition }) => taskDefinition === next);
  mark('a new version runs');
  await scrapes(runningTasks(await state()));
  await eventually(
    async () => {
      const told = await alerts.firing();
      if (told.length > 0) throw new Error(`still told: ${told.join(', ')}`);
    },
    { deadlineMs: resolvedWithinMs, everyMs: 500 },
  );
  const resolvedAfter = now() - healedAt;
  mark('resolved');
  await release(deployment, former);
  await becomesSteady(state, ({ taskDefinition }) => taskDefinition === former);
  return {
    healedAt,
    facts: {
      'paged after (s)': inSeconds(pagedAfter),
      'resolved after the end of the outage (s)': inSeconds(resolvedAfter),
      rule: page,
    },
  };
}

const inSeconds = (ms: number): number => Number((ms / 1_000).toFixed(1));

const slowForMs = 10_000;
const throttledForMs = 10_000;
const goneForMs = 20_000;
const recoveredWithinMs = 5_000;
const latencyMs = 300;
/** Of calls. Three attempts get through all but an eighth of the requests. */
const throttleRatio = 0.5;
const mayThrottle = 0.25;

/** Makes the database unwell for a while, and resolves when readiness is good again. No task may be replaced for it. */
async function whileDatabase(
  { deployment, harm, state, mark, now }: Scene,
  label: string,
  database: Partial<DatabaseFaults>,
  lastsMs: number,
  meanwhile: () => Promise<Seen['facts']> = () => Promise.resolve({}),
): Promise<Seen> {
  const before = runningTasks(await state());
  await harm({ kind: 'database', database });
  mark(label);
  const [facts] = await Promise.all([meanwhile(), pause(lastsMs)]);
  await harm({ kind: 'heal' });
  const healedAt = now();
  mark('the database is back');
  await eventually(
    async () => {
      const { status } = await ask(deployment, '/readyz');
      if (status !== 200) throw new Error(`readiness is ${status}`);
    },
    { deadlineMs: 60_000, everyMs: 100 },
  );
  const readyAfter = now() - healedAt;
  await pause(Math.max(0, recoveredWithinMs - readyAfter));
  const after = runningTasks(await state());
  if (after.join() !== before.join())
    throw new Error('tasks were replaced: no restart is needed, and none helps');
  return { healedAt, facts: { ...facts, 'ready again after (s)': Number((readyAfter / 1_000).toFixed(1)) } };
}

const requestsIn = (ms: number, share: number, ratePerSecond: number): number =>
  Math.ceil((ms / 1_000) * ratePerSecond * share);

const slowDatabase: Drill = {
  id: 'database-slow',
  title: 'DynamoDB answers slowly',
  budget: () => Promise.resolve({ failed: 0, recoveredWithinMs }),
  act: (scene) => whileDatabase(scene, `${latencyMs} ms slower`, { latencyMs }, slowForMs),
};

const throttlingDatabase: Drill = {
  id: 'database-throttles',
  title: 'DynamoDB throttles half of all calls',
  budget: ({ ratePerSecond }) =>
    Promise.resolve({
      failed: requestsIn(throttledForMs, mayThrottle, ratePerSecond),
      // Three attempts, with the pauses between them that the SDK makes when it is throttled.
      failures: { status: 503, withinMs: 3_000 },
      recoveredWithinMs,
    }),
  act: (scene) => whileDatabase(scene, 'half of the calls refused', { throttleRatio }, throttledForMs),
};

const goneDatabase: Drill = {
  id: 'database-gone',
  title: 'DynamoDB is gone for 20 s',
  budget: ({ ratePerSecond }) =>
    Promise.resolve({
      failed: requestsIn(goneForMs + recoveredWithinMs, 1, ratePerSecond),
      failures: { status: 503, withinMs: 1_000 },
      recoveredWithinMs,
    }),
  act: (scene) =>
    whileDatabase(scene, 'gone', { refuse: true }, goneForMs, async () => {
      const since = scene.now();
      await eventually(
        async () => {
          const { status } = await ask(scene.deployment, '/readyz');
          if (status !== 503) throw new Error(`readiness is ${status} without a database`);
        },
        { deadlineMs: goneForMs - 5_000 },
      );
      const noticed = scene.now() - since;
      const { status: alive } = await ask(scene.deployment, '/healthz');
      if (alive !== 200) throw new Error(`liveness is ${alive}: the balancer would replace every task`);
      return { 'readiness says so after (s)': Number((noticed / 1_000).toFixed(1)) };
    }),
};

/** Slow start-ups of a new version are no slowness of the service; a rolling deployment must not be felt at all. */
const unnoticed = () => Promise.resolve({ failed: 0, recoveredWithinMs: 120_000 });

const withIntended = (deployment: Deployment, taskDefinitionArn: string): Deployment => ({
  ...deployment,
  outputs: { ...deployment.outputs, taskDefinitionArn },
});

const rollingDeployment: Drill = {
  id: 'rolling-deployment',
  title: 'A rolling deployment',
  budget: unnoticed,
  act: async ({ deployment, state, mark, now }) => {
    const { taskDefinition: former } = await state();
    const since = now();
    const next = await releaseWith(deployment, { LOG_LEVEL: 'info' });
    mark('a new version is asked for');
    await becomesSteady(state, ({ taskDefinition }) => taskDefinition === next);
    const took = now() - since;
    await checkSteadyState(withIntended(deployment, next));
    mark('it runs; back to the former one');
    await release(deployment, former);
    await becomesSteady(state, ({ taskDefinition }) => taskDefinition === former);
    return { facts: { 'rolled out in (s)': Number((took / 1_000).toFixed(1)) } };
  },
};

const brokenDeployment: Drill = {
  id: 'broken-deployment',
  title: 'A broken version is deployed, and rolled back',
  budget: unnoticed,
  act: async ({ deployment, state, mark, now }) => {
    const { taskDefinition: good } = await state();
    const since = now();
    // The service refuses to start without its table's name.
    const broken = await releaseWith(deployment, { TABLE_NAME: '' });
    mark('a broken version is asked for');
    await becomesSteady(
      state,
      ({ taskDefinition, deployments }) =>
        taskDefinition === good &&
        deployments.some((one) => one.taskDefinition === broken && one.rolloutState === 'FAILED'),
    );
    const took = now() - since;
    const verdict = await checkSteadyState(withIntended(deployment, broken)).then(
      () => 'success',
      (error: unknown) => String(error instanceof Error ? error.message : error),
    );
    if (!/roll/i.test(verdict)) throw new Error(`a rolled-back deployment passes for a ${verdict}`);
    await checkRunningDigest(deployment);
    return { facts: { 'rolled back in (s)': Number((took / 1_000).toFixed(1)), 'the probe says': verdict } };
  },
};

const graceMs = 10_000;

/** Not one beyond those in flight: the balancer repeats them elsewhere. */
const lostTaskBudget = async ({ deployment }: Scene): Promise<Budget> => ({
  failed: 0,
  recoveredWithinMs: (await healthWindowMs(deployment)) + graceMs,
});

const replacedAfter = (now: () => number, since: number) => ({
  'replaced after (s)': Number(((now() - since) / 1_000).toFixed(1)),
});

export const killedTask: Drill = {
  id: 'task-killed',
  title: 'A task is killed',
  budget: lostTaskBudget,
  act: async ({ harm, state, mark, now }) => {
    const since = now();
    const lost = await harm({ kind: 'kill' });
    mark('killed');
    await becomesSteady(state, (current) => !runningTasks(current).includes(lost));
    return { facts: replacedAfter(now, since) };
  },
};

/** SIGTERM comes before anybody tells the balancer: it has to learn from the target's health that nothing may follow. */
const interruptedTask: Drill = {
  id: 'spot-interruption',
  title: 'A Spot interruption ends a task',
  budget: () => Promise.resolve({ failed: 0, recoveredWithinMs: 120_000 }),
  act: async ({ harm, state, mark, now }) => {
    const since = now();
    const lost = await harm({ kind: 'interrupt' });
    mark('interrupted');
    await becomesSteady(
      state,
      ({ steady, tasks }) => steady && tasks.some(({ id, status }) => id === lost && status === 'STOPPED'),
    );
    // The balancer here asks another task, and nobody notices; that on AWS doesn't.
    const { repeated = 0 } = (await state()).tasks.find(({ id }) => id === lost) ?? {};
    if (repeated > 0)
      throw new Error(`${repeated} requests were sent to a task that took no more: on AWS each is a 502`);
    return { facts: replacedAfter(now, since) };
  },
};

const hungTask: Drill = {
  id: 'task-hangs',
  title: 'A task hangs: alive, but not answering',
  budget: lostTaskBudget,
  act: async ({ harm, state, mark, now }) => {
    const since = now();
    const lost = await harm({ kind: 'freeze' });
    mark('frozen');
    await becomesSteady(state, (current) => !runningTasks(current).includes(lost));
    return { facts: replacedAfter(now, since) };
  },
};

/** Four tasks, so that the fullest zone has more than one to lose. */
const tasksInZones = 4;

const lostZone: Drill = {
  id: 'zone-lost',
  title: 'A zone is lost, with all its tasks at once',
  budget: lostTaskBudget,
  prepare: async ({ deployment, state }) => {
    const { desiredCount } = await state();
    await scaleTo(deployment, tasksInZones);
    await becomesSteady(state, (current) => current.desiredCount === tasksInZones);
    return async () => {
      await scaleTo(deployment, desiredCount);
      await becomesSteady(state, (current) => current.desiredCount === desiredCount);
    };
  },
  act: async ({ harm, state, mark, now }) => {
    const before = await state();
    const since = now();
    const zone = await harm({ kind: 'lose-zone' });
    mark(`${zone} lost`);
    const inZone = before.tasks.filter((task) => task.status === 'RUNNING' && task.zone === zone);
    const lost = inZone.map(({ id }) => id);
    const after = await becomesSteady(
      state,
      (current) => !runningTasks(current).some((id) => lost.includes(id)),
    );
    const zones = new Set(after.tasks.filter(({ status }) => status === 'RUNNING').map((task) => task.zone));
    const facts = { 'tasks lost': lost.length, 'zones left': zones.size, ...replacedAfter(now, since) };
    return { facts };
  },
};

const maintained = { status: 503, withinMs: 1_000 };
const shortestMinutes = 1;

/** On and off by a command, then on again until it ends by itself, with nobody's hand on it. */
export const maintenance: Drill = {
  id: 'maintenance',
  title: 'Maintenance mode goes on, off by a command, and ends by itself',
  budget: ({ ratePerSecond }) =>
    Promise.resolve({
      failed: requestsIn((shortestMinutes * 60 + 30) * 1_000, 1, ratePerSecond),
      failures: maintained,
      recoveredWithinMs,
    }),
  act: async ({ deployment, mark, now }) => {
    const { endpoint = '', outputs } = deployment;
    const turn = (wanted: Wanted) =>
      maintain(clientSettings(endpoint, outputs.region), readFirewall(outputs), wanted, Date.now);
    const answers = async (wanted: number, deadlineMs: number): Promise<number> => {
      const since = now();
      await eventually(
        async () => {
          const { status } = await ask(deployment, '/movies?year=1994&limit=1', reading);
          if (status !== wanted) throw new Error(`callers are answered ${status}`);
        },
        { deadlineMs, everyMs: 100 },
      );
      return inSeconds(now() - since);
    };
    const reading = { headers: { authorization: `Bearer ${await deployment.token('movies/read')}` } };

    mark(await turn({ minutes: 30 }));
    const onAfter = await answers(503, 10_000);
    const told = await ask(deployment, '/movies');
    const maintainer = await fromMaintainer(deployment.url, reading);
    mark(await turn('off'));
    const offAfter = await answers(200, 10_000);
    const since = now();
    mark(await turn({ minutes: shortestMinutes }));
    await answers(503, 10_000);
    await answers(200, (shortestMinutes * 60 + 20) * 1_000);
    const healedAt = now();
    mark('it has ended by itself');
    if (maintainer !== 200) throw new Error(`a maintainer is answered ${maintainer}`);
    return {
      healedAt,
      facts: {
        'on after (s)': onAfter,
        'off after (s)': offAfter,
        'ended by itself after (s)': inSeconds(healedAt - since),
        'Retry-After': told.headers.get('retry-after') ?? 'absent',
        body: told.text,
        'a maintainer is answered': maintainer,
      },
    };
  },
};

const [lost, changed] = [20, 5];

/**
 * A script gone wrong deletes, changes and adds movies; the service moves to the table as it was before, and back. The emulator
 * restores what is there now, whatever time is named: so the restore comes before the harm, in the place of a time before it.
 */
const restoredTable: Drill = {
  id: 'restore',
  title: 'Movies are lost; a restored table serves, then the first one again',
  longestMs: 1_500_000,
  // Twice all tasks are replaced, and Terraform runs beside them.
  budget: () => Promise.resolve({ failed: 0, recoveredWithinMs: 1_500_000 }),
  act: async ({ deployment, state, home, mark, now, say }) => {
    const { endpoint = '', outputs } = deployment;
    const { tableName: serving, region } = outputs;
    const { database = '' } = (await createServingHome(home).find()) ?? {};
    const means = { say, now: Date.now, lookEveryMs: 200 };
    return withRestoring({ region, endpoint, database }, {}, means, async (by) => {
      const facts: Record<string, number> = {};
      const clock = (what: string) => {
        const since = now();
        return (): void => {
          facts[`${what} (s)`] = inSeconds(now() - since);
          mark(what);
        };
      };
      const { to } = await readRecovery(by.tables, serving);
      const source = readSource(to.toISOString().replace(/\.\d+/, ''), serving);
      const isRestored = clock('restored');
      await restore(serving, source, by);
      isRestored();

      const { Items: harmed = [] } = await by.items.send(
        new ScanCommand({ TableName: serving, Limit: lost + changed }),
      );
      const [first = {}] = harmed;
      const { year = { N: '0' }, title = { S: '' } } = first;
      const added = { ...first, year, title: { S: `${title.S ?? ''} (added)` } };
      const put = (items: typeof harmed) =>
        Promise.all(items.map((Item) => by.items.send(new PutItemCommand({ TableName: serving, Item }))));
      const remove = (items: typeof harmed) =>
        Promise.all(
          items.map((item) =>
            by.items.send(
              new DeleteItemCommand({
                ...{ TableName: serving, Key: { year: item['year'] ?? year, title: item['title'] ?? title } },
              }),
            ),
          ),
        );
      const path = `/movies/${year.N ?? ''}/${encodeURIComponent(title.S ?? '')}`;
      const reading = { headers: { authorization: `Bearer ${await deployment.token('movies/read')}` } };
      const answers = (wanted: number) =>
        eventually(
          async () => {
            const { status } = await ask(deployment, path, reading);
            if (status !== wanted) throw new Error(`${path} answers ${status}`);
          },
          { deadlineMs: 10_000, everyMs: 100 },
        );
      const serve = async (table: string, status: number, what: string): Promise<void> => {
        const isServed = clock(what);
        const { runner } = await state();
        const served = () => answers(status).then(isServed);
        await deployLocal({ home, endpoint, image: outputs.image, table, runner, say, served });
      };

      await remove(harmed.slice(0, lost));
      await put([...harmed.slice(lost).map((item) => ({ ...item, revision: { S: 'overwritten' } })), added]);
      await answers(404);
      mark('movies are lost');
      const isCompared = clock('compared');
      const found = await compare(serving, source.target, by);
      isCompared();
      expect({ ...found, missing: found.missing.length, different: found.different.length }).toMatchObject({
        ...{ shape: [], missing: lost, different: changed },
        added: [JSON.stringify({ year: year.N, title: added.title.S })],
      });
      await serve(source.target, 200, 'the restored table serves');
      await serve(serving, 404, 'the first table serves again');
      await remove([added]);
      await put(harmed);
      const mended = await compare(serving, source.target, by);
      expect(mended.serving).toEqual(mended.restored);
      return { facts: { ...facts, items: mended.serving.items, lost, changed, added: 1 } };
    });
  },
};

/** One of the deployment's `maintainer_cidrs`; everybody else here comes from 127.0.0.1. */
async function fromMaintainer(
  url: string,
  { headers }: { headers: Record<string, string> },
): Promise<number> {
  const dispatcher = new Agent({ localAddress: '127.0.0.2' });
  try {
    const { statusCode, body } = await request(new URL('/movies?year=1994&limit=1', url), {
      dispatcher,
      headers,
    });
    await body.dump();
    return statusCode;
  } finally {
    await dispatcher.close();
  }
}

/** The two shortest; every test run has them. */
export const shortDrills: readonly Drill[] = [killedTask, slowDatabase];

export const longDrills: readonly Drill[] = [
  throttlingDatabase,
  goneDatabase,
  hungTask,
  interruptedTask,
  lostZone,
  rollingDeployment,
  brokenDeployment,
  maintenance,
  restoredTable,
  pagedOutage,
];

export const allDrills: readonly Drill[] = [...shortDrills, ...longDrills];
