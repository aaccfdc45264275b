import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { closeServer, listenOnLoopback } from '../../../app/src/local/listen.ts';
import { reasonOf } from '../../../app/src/commands/problem.ts';
import type { Outputs } from '../deployment/applied.ts';
import { startTraffic } from '../deployment/traffic.ts';

/** What stands for ECS, beside the steps and not in them: they ask it to run what they applied, at the path of an environment. */
export async function startTaskRunner(
  emulator: string,
  tasksOf: (environment: string) => string,
): Promise<{ url: string; stop: () => Promise<void> }> {
  const server = createServer((request, response) => {
    const home = tasksOf((request.url ?? '/').slice(1));
    const say = (line: string): void => void response.write(`${line}\n`);
    void json(request)
      .then((outputs) =>
        startTraffic({ home, emulator, outputs: outputs as Outputs, runner: 'containers', port: 0, say }),
      )
      .then(() => `steady ${home}`, reasonOf)
      .then((line) => response.end(`${line}\n`));
  });
  const { url } = await listenOnLoopback(server, 0);
  return { url, stop: () => closeServer(server) };
}
