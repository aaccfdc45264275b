import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createControlClient } from '../../tools/sandbox/deployment/control.ts';
import { createFaults, type Faults } from '../../tools/sandbox/deployment/control.ts';
import { createServingHome } from '../../tools/sandbox/deployment/processes.ts';
import type { LocalState } from '../../tools/sandbox/deployment/state.ts';
import { Problem } from '../../app/src/commands/problem.ts';
import { readOutputs, type Deployment } from './deployment.ts';

/** A local deployment: to be asked like one on AWS, and to be harmed. */
export interface LocalAccess {
  readonly deployment: Deployment;
  readonly faults: Faults;
  readonly state: () => Promise<LocalState>;
  /** Address of its control server. */
  readonly control: string;
}

/** What a local deployment tells of itself. */
export interface LocalSources {
  /** `dev` unless another one is named. */
  readonly environment?: string;
  readonly url: string;
  readonly endpoint: string;
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly state: () => Promise<LocalState>;
  readonly token: (scope: string) => Promise<string>;
  readonly faults: Faults;
  readonly control: string;
}

export const localAccess = ({
  environment = 'dev',
  url,
  endpoint,
  outputs,
  state,
  token,
  faults,
  control,
}: LocalSources): LocalAccess => ({
  deployment: {
    environment,
    url,
    outputs: readOutputs(outputs),
    endpoint,
    token,
    metricsUrls: async () =>
      (await state()).tasks.filter(({ status }) => status === 'RUNNING').map(({ metricsUrl }) => metricsUrl),
  },
  faults,
  state,
  control,
});

/** @param home folder of the deployment; `make deploy-local` takes `.cache/local` */
export async function openLocalAccess(home: string, environment = 'dev'): Promise<LocalAccess> {
  const record = await createServingHome(home).find();
  if (!record) throw new Problem('No local deployment serves.', 'Start one: make deploy-local');
  const outputs = JSON.parse(await readFile(join(home, 'outputs.json'), 'utf8')) as Record<string, unknown>;
  const { state, token } = createControlClient(record.control);
  const faults = createFaults(record.control);
  const { url, emulator: endpoint, control } = record;
  return localAccess({ environment, url, endpoint, outputs, state, token, faults, control });
}
