import { setTimeout as pause } from 'node:timers/promises';
import { Problem } from '../../../app/src/commands/problem.ts';
import { type Outputs, readNames } from './applied.ts';
import { createControlClient, type LocalState } from './state.ts';
import { loadData } from './database.ts';
import type { RunnerKind } from './runners.ts';
import { createServingHome, type ServingRecord } from './processes.ts';

const steadyWithinMs = 300_000;
const tellEveryMs = 8_000;
const lookMs = 300;

export interface TrafficOptions {
  /** Folder of the deployment. */
  readonly home: string;
  readonly emulator: string;
  readonly outputs: Outputs;
  readonly runner: RunnerKind;
  /** Of the load balancer; 0 takes a free one. */
  readonly port: number;
  readonly say: (line: string) => void;
}

/**
 * Lets what was applied serve traffic: the tasks that run already follow a changed definition by a rolling deployment;
 * otherwise they are started, and the data is loaded. Rejects when the service doesn't get steady with what was applied.
 */
export async function startTraffic(options: TrafficOptions): Promise<ServingRecord> {
  const { home, emulator, outputs, runner, say } = options;
  const serving = createServingHome(home);
  const running = await serving.find();
  const fits = running?.emulator === emulator && running.runner === runner;
  if (running && !fits) await serving.stop();
  await serving.intend(outputs);
  const record = running && fits ? running : await serving.start(options);
  await loadData({
    home,
    database: record.database,
    region: String(outputs['region']),
    table: readNames(outputs).table,
    say,
  });
  await awaitSteady(record, String(outputs['task_definition_arn']), say);
  return record;
}

async function awaitSteady(
  { control }: ServingRecord,
  wanted: string,
  say: (line: string) => void,
): Promise<void> {
  const { state } = createControlClient(control);
  const deadline = Date.now() + steadyWithinMs;
  let tellAt = Date.now() + tellEveryMs;
  for (let now = await state(); !isSteadyWith(wanted, now); now = await state()) {
    const failed = now.deployments.find(({ taskDefinition }) => taskDefinition === wanted);
    if (failed?.rolloutState === 'FAILED' || Date.now() > deadline)
      throw new Problem(
        `The service is not steady with ${wanted}: ${failed?.reason ?? 'no deployment of it'}\n${describeTasks(now)}`,
        `What the tasks printed: ${now.logs}`,
      );
    if (Date.now() > tellAt) {
      say(describeTasks(now));
      tellAt += tellEveryMs;
    }
    await pause(lookMs);
  }
}

const isSteadyWith = (wanted: string, { steady, taskDefinition }: LocalState): boolean =>
  steady && taskDefinition === wanted;

export const describeTasks = ({ tasks }: LocalState): string =>
  tasks
    .map(({ id, zone, status, health, digest, reason }) =>
      `  task ${id.slice(0, 8)}  ${zone}  ${status} ${health}  ${digest.slice(0, 19)}  ${reason ?? ''}`.trimEnd(),
    )
    .join('\n');

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
