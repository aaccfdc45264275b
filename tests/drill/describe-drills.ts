import { describe, expect, test } from '@jest/globals';
import type { LocalAccess } from '../deployed/local-access.ts';
import { judge, runDrill, type Drill } from './drill.ts';
import { reportDrill } from './report.ts';
import { becomesSteady } from './steady.ts';

const drillTimeoutMs = 420_000;
const folder = 'reports/drills';
/** Past Jest, which keeps what a test prints until its file is over. */
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** One scenario for each drill: the service stays within its budget. */
export function describeDrills(drills: readonly Drill[], local: () => LocalAccess): void {
  describe('drills', () => {
    for (const drill of drills) {
      test(
        `${drill.title}: the error budget holds`,
        async () => {
          const { deployment, faults, state } = local();
          await becomesSteady(state);

          const result = await runDrill(drill, { deployment, faults, state, say });

          await reportDrill(folder, result, say);
          expect(judge(result)).toEqual([]);
        },
        drillTimeoutMs,
      );
    }
  });
}
