import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Account } from './account.ts';
import { stageOf } from '../lib/terraform/cursor-key-stage.ts';
import type { Environment } from './release.ts';
import type { Rotated } from './rotation.ts';

export interface EnvironmentOptions {
  readonly project: string;
  readonly name: string;
  readonly account: Pick<Account, 'outputs'>;
  /** Says of an image, before it is applied, that it is deployed here. */
  readonly markDeployed: (image: string) => Promise<void>;
}

/** An environment of the account: deployed and probed by the same commands that a person uses. */
export function createEnvironment({ project, name, account, markDeployed }: EnvironmentOptions): Environment {
  const succeeds = createCommand(project);
  return {
    name,
    running: async () => {
      const { image } = await account.outputs(name);
      return typeof image === 'string' ? image : undefined;
    },
    deploy: async (image, plan = '') => {
      await markDeployed(image);
      return succeeds('main.ts', 'deploy', '--env', name, '--image', image, '--plan', plan);
    },
    isHealthy: () => succeeds('verify.ts', 'probes', '--env', name),
    bearsLoad: () => succeeds('verify.ts', 'load', '--env', name),
  };
}

/** The same environment with its cursor keys: what is deployed stays, and they move on. */
export function createRotated({ project, name, account }: Omit<EnvironmentOptions, 'markDeployed'>): Rotated {
  const succeeds = createCommand(project);
  return {
    name,
    stage: async () => {
      const outputs = await account.outputs(name);
      return typeof outputs['image'] === 'string' ? stageOf(outputs) : undefined;
    },
    moveTo: async (stage, plan = '') => {
      const { image } = await account.outputs(name);
      const wanted = ['--image', String(image), '--cursor-key-stage', String(stage), '--plan', plan];
      return succeeds('main.ts', 'deploy', '--env', name, ...wanted);
    },
    isHealthy: () => succeeds('verify.ts', 'probes', '--env', name),
  };
}

/** Runs a command of this project and resolves with whether it succeeded. */
const createCommand =
  (project: string) =>
  async (program: string, ...args: readonly string[]): Promise<boolean> => {
    const child = spawn(process.execPath, [join('tools/release', program), ...args], {
      cwd: project,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const [code] = (await once(child, 'exit')) as [number | null];
    return code === 0;
  };
