import { createControlClient } from '../deployment/control.ts';
import { createServingHome } from '../deployment/serving-process.ts';
import type { TaskState } from '../deployment/state.ts';

/** What runs for an environment. */
export interface Serving {
  /** Of the tasks' images, each once. */
  readonly digests: readonly string[];
  readonly tasks: number;
}

export async function readServing(home: string): Promise<Serving> {
  const serving = await createServingHome(home).find();
  return serving === undefined
    ? { digests: [], tasks: 0 }
    : countServing((await createControlClient(serving.control).state()).tasks);
}

/** The state tells of tasks that drain or were stopped, too: those of releases before. */
export function countServing(tasks: readonly Pick<TaskState, 'status' | 'digest'>[]): Serving {
  const running = tasks.filter(({ status }) => status === 'RUNNING');
  return { digests: [...new Set(running.map(({ digest }) => digest))], tasks: running.length };
}
