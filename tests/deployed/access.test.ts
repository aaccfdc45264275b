import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTokenIssuer, type TokenIssuer } from '../../app/src/local/token-issuer.ts';
import { openAwsAccess } from './open-deployment.ts';
import { readOutputs } from './deployment.ts';

const outputs = {
  url: 'http://movies.example.com',
  region: 'eu-west-1',
  image: `repository@sha256:${'0'.repeat(64)}`,
  cluster_name: 'movies',
  service_name: 'movies',
  task_definition_arn: 'arn:task-definition',
  load_balancer_arn: 'arn:load-balancer',
  target_group_arn: 'arn:target-group',
  web_acl_arn: 'arn:web-acl',
  table_name: 'movies',
  log_group_name: '/movies/api',
  deployment_alarm_names: ['deployment'],
  alarm_names: ['burn'],
};

test('an output that is missing is named', () => {
  const incomplete = { ...outputs, table_name: undefined };

  expect(() => readOutputs(incomplete)).toThrow('terraform output has no table_name');
});

test('alarms of both kinds are asked for', () => {
  expect(readOutputs(outputs).alarmNames).toEqual(['deployment', 'burn']);
});

describe('tokens of an issuer that is not ours', () => {
  let issuer: TokenIssuer;
  beforeAll(async () => {
    issuer = await startTokenIssuer();
  });
  afterAll(() => issuer.stop());

  test('come from the client that the environment names, once for each scope', async () => {
    const { token } = openAwsAccess('dev', outputs, {
      VERIFY_TOKEN_ENDPOINT: issuer.tokenEndpoint,
      VERIFY_CLIENT_ID: issuer.machineClient.id,
      VERIFY_CLIENT_SECRET: issuer.machineClient.secret,
    });

    const [read, again] = [await token('movies/read'), await token('movies/read')];

    expect(decodeJwt(read)).toMatchObject({ iss: issuer.issuer, scope: 'movies/read' });
    expect(again).toBe(read);
  });

  test('a wrong secret: an error that says what the issuer said, without the secret', async () => {
    const { token } = openAwsAccess('dev', outputs, {
      VERIFY_TOKEN_ENDPOINT: issuer.tokenEndpoint,
      VERIFY_CLIENT_ID: issuer.machineClient.id,
      VERIFY_CLIENT_SECRET: 'guessed',
    });

    await expect(token('movies/read')).rejects.toThrow(
      /^the issuer gives no token for movies\/read: 401 invalid_client$/,
    );
  });

  test('no client is named: an error that says which variables to set', async () => {
    const { token } = openAwsAccess('dev', outputs, {});

    await expect(token('movies/read')).rejects.toMatchObject({
      remedy: expect.stringContaining('VERIFY_TOKEN_ENDPOINT'),
    });
  });
});

describe('make verify', () => {
  const verify = (...args: readonly string[]) => {
    const program = [resolve('tools/release/verify.ts'), 'probes', ...args];
    const env = { PATH: process.env['PATH'], LOCAL_HOME: '/nonexistent' };
    const { status, stderr } = spawnSync(process.execPath, program, { env, encoding: 'utf8' });
    return { status, stderr };
  };

  test('without an environment, or with one that is none: misuse', () => {
    expect(verify()).toMatchObject({ status: 2, stderr: expect.stringContaining('No environment is named') });
    expect(verify('--env', 'moon')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('There is no environment moon'),
    });
  });

  test('where no local deployment serves: misuse, and how to start one', () => {
    expect(verify('--env', 'local')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('make deploy-local'),
    });
  });
});
