import { createControlClient } from '../local-deployment/control-client.ts';
import { createServingHome } from '../local-deployment/serving-process.ts';

/** What runs for an environment on this machine: its digests, each once, and the number of tasks. */
export async function readServing(
  home: string,
): Promise<{ readonly digests: readonly string[]; readonly tasks: number }> {
  const serving = await createServingHome(home).find();
  const { tasks } = serving ? await createControlClient(serving.control).state() : { tasks: [] };
  return { digests: [...new Set(tasks.map(({ digest }) => digest))], tasks: tasks.length };
}
