import { readFile } from 'node:fs/promises';
import { openAwsAccess } from './aws-access.ts';
import type { Deployment } from './deployment.ts';
import { openLocalAccess } from './local-access.ts';

/** The deployment that `make verify` or `make verify LOAD=yes` names to the scenarios that it starts. */
export async function openNamedDeployment(env: NodeJS.ProcessEnv): Promise<Deployment> {
  const read = (name: string): string => {
    const value = env[name];
    if (value === undefined) throw new Error(`${name} is not set: run make verify ENV=…`);
    return value;
  };
  const environment = read('VERIFY_ENVIRONMENT');
  /** Where the tasks of this machine are recorded; absent for a deployment on AWS. */
  const home = env['VERIFY_HOME'];
  if (home !== undefined)
    return (await openLocalAccess(home, environment === 'local' ? 'dev' : environment)).deployment;
  const outputs = JSON.parse(await readFile(read('VERIFY_OUTPUTS'), 'utf8')) as Record<string, unknown>;
  return openAwsAccess(environment, outputs, env);
}
