import { expect, test } from '@jest/globals';
import type { LocalAccess } from '../../deployed/open-deployment.ts';
import { describeWith } from '../../support/requirements.ts';
import { judge, longestDrillMs, runDrill, type Drill } from './drill.ts';
import { killedTask } from './drills.ts';
import { scaleTo } from './service.ts';
import { reportDrill } from './drill.ts';
import { becomesSteady } from './service.ts';

const drillTimeoutMs = 420_000;
const folder = 'reports/drills';
/** Past Jest, which keeps what a test prints until its file is over. */
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** One scenario for each drill: the service stays within its budget. */
export function describeDrills(drills: readonly Drill[], local: () => LocalAccess): void {
  for (const drill of drills) {
    describeWith(drill.requires ?? [], 'drills', () => {
      test(
        `${drill.title}: the error budget holds`,
        async () => {
          await becomesSteady(local().state);

          const result = await runDrill(drill, { ...local(), say });

          await reportDrill(folder, result, say);
          expect(judge(result)).toEqual([]);
        },
        drillTimeoutMs + Math.max(0, (drill.longestMs ?? longestDrillMs) - longestDrillMs),
      );
    });
  }
}

/** A drill that can't be failed proves nothing: without a second task, killing one is felt. */
export function describeSpentBudget(local: () => LocalAccess): void {
  test(
    'the only task is killed: the error budget is spent',
    async () => {
      const { deployment, state } = local();
      const { desiredCount } = await becomesSteady(state);
      const scale = async (count: number) => {
        await scaleTo(deployment, count);
        await becomesSteady(state, (current) => current.desiredCount === count);
      };
      await scale(1);

      const result = await runDrill(killedTask, { ...local(), say }).finally(() => scale(desiredCount));

      // One task may fail the load before the fault, too: a quarter of a processor that has just started.
      expect(judge(result)).toContainEqual(
        expect.stringMatching(/^\d+ requests failed, \d+ may: \{"503":\d+/),
      );
    },
    drillTimeoutMs,
  );
}
