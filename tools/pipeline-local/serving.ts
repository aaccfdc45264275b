import { createControlClient } from '../local-deployment/control-client.ts';
import { createServingHome } from '../local-deployment/serving-process.ts';

/** What runs for an environment. */
export interface Serving {
  /** Of the tasks' images, each once. */
  readonly digests: readonly string[];
  readonly tasks: number;
}

export async function readServing(home: string): Promise<Serving> {
  const serving = await createServingHome(home).find();
  const { tasks } = serving ? await createControlClient(serving.control).state() : { tasks: [] };
  return { digests: [...new Set(tasks.map(({ digest }) => digest))], tasks: tasks.length };
}
