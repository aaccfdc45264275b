import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { backendOf, findBackend } from '../../../tools/lib/terraform/backend.ts';
import { emulatedAws } from '../../../tools/lib/aws-environment.ts';
import { failureOf } from '../../../tools/lib/terraform/failure.ts';
import {
  checkEnvironment,
  checkRelease,
  refuseProduction,
} from '../../../tools/lib/terraform/service-root.ts';
import { bundled } from '../../support/bundled.ts';

const project = resolve(import.meta.dirname, '../../..');
const root = resolve(project, 'terraform');
const digest = `movies-api@sha256:${'0'.repeat(64)}`;

test('a release of an environment with tfvars, by digest, is accepted', () => {
  expect(() => {
    checkRelease(root, { environment: 'dev', image: digest });
  }).not.toThrow();
});

test.each([
  ['an image by tag', { environment: 'dev', image: 'movies-api:1.0' }, /names an image by a tag/],
  [
    'a digest that is too short',
    { environment: 'dev', image: 'movies-api@sha256:00' },
    /names an image by a tag/,
  ],
  ['no image', { environment: 'dev', image: '' }, /No image is named/],
  ['an environment without tfvars', { environment: 'attic', image: digest }, /no environment attic/],
  ['the workspace default', { environment: 'default', image: digest }, /no environment default/],
  ['a path for an environment', { environment: '../x', image: digest }, /no environment/],
  ['no environment', { environment: '', image: digest }, /No environment is named/],
])('%s is refused before anything starts', (_, release, message) => {
  expect(() => {
    checkRelease(root, release);
  }).toThrow(message);
});

test('destroying prod is refused, although prod exists', () => {
  expect(() => {
    checkEnvironment(root, 'prod');
    refuseProduction('prod');
  }).toThrow('prod is never destroyed');
});

test('the command says what is wrong and what to do, and ends with 2', () => {
  const args = [bundled('tools/release/main.ts'), 'plan', '--env', 'dev', '--image', 'movies-api:1.0'];

  const { status, stderr } = spawnSync(process.execPath, args, { cwd: project, encoding: 'utf8' });

  expect(status).toBe(2);
  expect(stderr).toContain('names an image by a tag');
  expect(stderr).toContain('`make image` prints the digest');
});

test.each([
  ['Saved plan is stale', /a stale plan is never applied/],
  ['Error acquiring the state lock', /force-unlock/],
  ['No valid credential sources found', /aws sso login/],
  ['api error NotEmulated: x', /docs\/emulator\.md/],
  ['something new', /run the same command again/],
])('a failure of Terraform with "%s" comes with its remedy', (summary, remedy) => {
  const diagnostics = [{ severity: 'error' as const, summary, detail: 'why', where: 'aws_vpc.main' }];

  const problem = failureOf('apply', { code: 1, output: '', errors: '', diagnostics });

  expect(problem.message).toBe(`terraform apply failed:\n  ${summary} (aws_vpc.main)\n    why`);
  expect(problem.remedy).toMatch(remedy);
});

test('the backend is what the environment names, and else what bootstrap put out', async () => {
  const config = { bucket: 'b', region: 'eu-west-1', kms_key_id: 'k' };
  const outputs = () => Promise.resolve({ backend_config: config });
  const env = { STATE_BUCKET: 'other', STATE_REGION: 'eu-north-1', STATE_KMS_KEY_ARN: 'arn' };

  expect(await findBackend({}, outputs)).toEqual(config);
  expect(await findBackend(env, outputs)).toEqual({
    bucket: 'other',
    region: 'eu-north-1',
    kms_key_id: 'arn',
  });
});

test('an account without bootstrap is told to run it', () => {
  expect(() => backendOf({})).toThrow('terraform/bootstrap has no outputs here');
});

test('nothing of a real account reaches a local deployment', () => {
  const person = {
    PATH: '/bin',
    AWS_PROFILE: 'prod',
    AWS_SESSION_TOKEN: 'secret',
    AWS_ENDPOINT_URL_DYNAMODB: 'https://elsewhere',
    TF_VAR_account_id: '999999999999',
    TF_WORKSPACE: 'prod',
    STATE_BUCKET: 'real',
  };

  expect(emulatedAws(person, 'http://127.0.0.1:1', 'eu-west-1')).toEqual({
    PATH: '/bin',
    AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
    AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: 'eu-west-1',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
  });
});
