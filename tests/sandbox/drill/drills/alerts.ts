import { eventually } from '../../../support/eventually.ts';
import { promtool } from '../../../support/promtool.ts';
import { program } from '../../../support/requirements.ts';
import type { Drill, Scene } from '../drill.ts';
import { release, releaseWith } from '../releases.ts';
import { becomesSteady, runningTasks } from '../steady.ts';
import { watchAlerts, type WatchedAlerts } from '../watched-alerts.ts';

const page = 'AvailabilityReadsBudgetBurns page';
/** Of an hour of healthy traffic 52 s of failures are 14.4 times the budget; rules are evaluated each half minute. */
const pagedWithinMs = 180_000;
/** The short window of the page has to run empty. */
const resolvedWithinMs = 420_000;

/** Everything fails until somebody is paged; then it is mended, and a new version is rolled out while the page resolves. */
export const pagedOutage: Drill = {
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
  { deployment, faults, state, mark, now }: Scene,
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
  await faults.database({ refuse: true });
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
  await faults.heal();
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
