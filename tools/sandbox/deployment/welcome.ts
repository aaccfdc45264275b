import { createControlClient } from './control-client.ts';
import type { ServingRecord } from './serving-process.ts';
import { describeTasks } from './traffic.ts';

/** Where everything is, what is not as on AWS, and a command to paste. */
export async function welcome({ control, url, runner, differences }: ServingRecord): Promise<string> {
  const client = createControlClient(control);
  const [state, token] = [await client.state(), await client.token('movies/read movies/write')];
  const running = { ...state, tasks: state.tasks.filter(({ status }) => status === 'RUNNING') };
  return `
It serves traffic, by ${runner === 'containers' ? 'the real image under podman' : 'the production bundle as processes'}:
${describeTasks(running)}

Not as on AWS:
${differences.map((line) => `  - ${line}`).join('\n')}

  Swagger UI   ${url}/api/docs
  API          ${url}
  Logs         ${state.logs}
  State        ${control}/state

Paste this; the token lives for 12 hours:

  curl -s '${url}/movies?year=1994&sort=rating&limit=5' -H 'Authorization: Bearer ${token}'
`;
}
