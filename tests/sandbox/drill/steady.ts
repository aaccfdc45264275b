import { eventually } from '../../support/eventually.ts';
import type { LocalState } from '../../../tools/sandbox/deployment/state.ts';

/** Resolves when the deployment says that it is steady and `also` agrees; the deadline is far beyond what a drill may take. */
export async function becomesSteady(
  state: () => Promise<LocalState>,
  also: (state: LocalState) => boolean = () => true,
  deadlineMs = 150_000,
): Promise<LocalState> {
  return eventually(
    async () => {
      const now = await state();
      if (now.steady && also(now)) return now;
      const tasks = now.tasks.map(({ id, status, health }) => `${id.slice(0, 8)} ${status} ${health}`);
      throw new Error(`not steady: ${tasks.join(', ')}; ${now.deployments[0]?.reason ?? ''}`);
    },
    { deadlineMs, everyMs: 200 },
  );
}

/** Ids of the tasks that are meant to run. */
export const runningTasks = ({ tasks }: Pick<LocalState, 'tasks'>): readonly string[] =>
  tasks.filter(({ status }) => status === 'RUNNING').map(({ id }) => id);
