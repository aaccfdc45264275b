import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { variablesOf } from '../../../tools/sandbox/pipeline/account.ts';

const project = resolve(import.meta.dirname, '../../..');
const runProgram = (...args: string[]): { status: number | null; output: string } => {
  const program = [resolve('tools/sandbox/pipeline/main.ts'), ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, program, { cwd: project, encoding: 'utf8' });
  return { status, output: `${stdout}${stderr}` };
};

test('a scenario that is not there is misuse, and those that are there are named', () => {
  expect(runProgram('--only', 'nonsense')).toEqual({
    status: 2,
    output: expect.stringContaining('good, changed-plan, drift, by-hand, bad-release, type-error, secret'),
  });
});

const guide = readFileSync(resolve(import.meta.dirname, '../../../docs/deploy.md'), 'utf8');
const [, setUp = ''] = /^## Set it up in your workspace\n(.*?)^## /ms.exec(guide) ?? [];
const account = {
  url: 'http://127.0.0.1:1',
  certificateArn: 'certificate',
  outputs: {
    backend_config: { bucket: 'bucket', region: 'eu-west-1', kms_key_id: 'key' },
    repository_url: 'repository',
    workload_boundary_arns: { prod: 'boundary', dev: 'boundary' },
    build_role_arn: 'build',
    plan_role_arns: { prod: 'plan', dev: 'plan' },
    apply_role_arns: { prod: 'apply', dev: 'apply' },
  },
};

test.each(['build', 'dev', 'dev-plan', 'prod', 'prod-plan'])(
  'whatever %s is given here, the guide has a person set',
  (deployment) => {
    const unnamed = Object.keys(variablesOf(account, deployment)).filter(
      (name) => !setUp.includes(`\`${name}\``),
    );

    expect(unnamed).toEqual([]);
  },
);

test('an environment that bootstrap made no role for is told where roles come from', () => {
  expect(() => variablesOf(account, 'attic')).toThrow('No role is made for the environment attic.');
});
