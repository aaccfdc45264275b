import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Account } from '../deploy/account.ts';
import type { Environment } from './release.ts';

export interface EnvironmentOptions {
  readonly project: string;
  readonly name: string;
  readonly account: Pick<Account, 'outputs'>;
  /** Says of an image, before it is applied, that it is deployed here. */
  readonly markDeployed: (image: string) => Promise<void>;
}

/** An environment of the account: deployed and probed by the same commands that a person uses. */
export function createEnvironment({ project, name, account, markDeployed }: EnvironmentOptions): Environment {
  const succeeds = async (tool: string, ...args: readonly string[]): Promise<boolean> => {
    const child = spawn(process.execPath, ['--import', 'tsx', join('tools', tool, 'main.ts'), ...args], {
      cwd: project,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const [code] = (await once(child, 'exit')) as [number | null];
    return code === 0;
  };
  return {
    name,
    running: async () => {
      const { image } = await account.outputs(name);
      return typeof image === 'string' ? image : undefined;
    },
    deploy: async (image, plan = '') => {
      await markDeployed(image);
      return succeeds('deploy', 'deploy', '--env', name, '--image', image, '--plan', plan);
    },
    isHealthy: () => succeeds('verify', 'probes', '--env', name),
    bearsLoad: () => succeeds('verify', 'load', '--env', name),
  };
}
