import { readFile } from 'node:fs/promises';
import { openAwsAccess } from './aws-access.ts';
import { openLocalAccess } from './local-access.ts';
import { describeProbes } from './probe.ts';
import { allProbes } from './probes.ts';

// Run by tools/verify/main.ts, which says what to probe. It is no `*.test.ts`: without that there is nothing to test.
const read = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run make verify ENV=…`);
  return value;
};

const environment = read('VERIFY_ENVIRONMENT');
/** Where the tasks of this machine are recorded; absent for a deployment on AWS. */
const home = process.env['VERIFY_HOME'];
const deployment =
  home === undefined
    ? openAwsAccess(
        environment,
        JSON.parse(await readFile(read('VERIFY_OUTPUTS'), 'utf8')) as Record<string, unknown>,
        process.env,
      )
    : (await openLocalAccess(home, environment === 'local' ? 'dev' : environment)).deployment;

describeProbes(
  allProbes,
  { isLocal: home !== undefined, hasTls: deployment.url.startsWith('https:') },
  () => deployment,
);
