import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { SignJWT } from 'jose';
import { failureOf } from '../../../tools/lib/terraform/failure.ts';
import { readEvent } from '../../../tools/lib/terraform/events.ts';
import { createProgress } from '../../../tools/lib/progress.ts';
import { bundled } from '../../support/bundled.ts';

const repository = fileURLToPath(new URL('../../../', import.meta.url));
const image = `registry.invalid/movies-api@sha256:${'0'.repeat(64)}`;
const role = 'arn:aws:iam::123456789012:role/pipeline/movies-api-dev-apply';
let folder: string;
let secrets: Readonly<Record<string, string>>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'secrets-'));
  secrets = {
    AWS_SECRET_ACCESS_KEY: 'hush-aws-key',
    AWS_SESSION_TOKEN: 'hush-session',
    COSIGN_PASSWORD: 'hush-cosign',
    CURSOR_SECRETS: 'hush-cursor-secret-of-thirty-two-characters',
    VERIFY_CLIENT_SECRET: 'hush-client',
    BITBUCKET_STEP_OIDC_TOKEN: await new SignJWT({ sub: '{a}:{b}:{c}', aud: 'ari' })
      .setProtectedHeader({ alg: 'HS256' })
      .setExpirationTime('1h')
      .sign(new TextEncoder().encode('a-key-of-a-test-that-is-long-enough')),
  };
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

const leaked = (output: string): readonly string[] =>
  Object.entries(secrets)
    .filter(([, value]) => output.includes(value))
    .map(([name]) => name);

/** Each ends in a refusal or a failure, which is when programs are tempted to print what they know. */
test.each([
  ['identity', ['release/pipeline-commands', 'identity', '--file', 'token']],
  ['release', ['release/pipeline-commands', 'release', '--env', 'dev', '--image', image]],
  ['deploy', ['release/main', 'deploy', '--env', 'dev', '--plan', 'none.tfplan']],
  ['drift', ['release/main', 'drift', '--env', 'moon']],
])('what make %s prints holds no secret of its environment', (_target, [tool = '', ...args]) => {
  const program = bundled(`tools/${tool}.ts`);
  const given = args.map((argument) => (argument === 'token' ? join(folder, argument) : argument));

  const { stdout, stderr } = spawnSync(process.execPath, [program, ...given], {
    cwd: repository,
    encoding: 'utf8',
    timeout: 60_000,
    env: {
      ...process.env,
      ...secrets,
      AWS_ROLE_ARN: role,
      AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
      STATE_BUCKET: '',
      SIGNING_KEY: '',
      TF_WORKSPACE: 'another',
    },
  });

  expect(`${stdout}${stderr}`).not.toBe('');
  expect(leaked(`${stdout}${stderr}`)).toEqual([]);
});

test('what Terraform tells of values on the way to a plan is not passed on', async () => {
  const lines: string[] = [];
  const progress = createProgress((line) => lines.push(line), Date.now);
  const told = {
    type: 'planned_change',
    change: { resource: { addr: 'aws_x.y' }, action: 'update', before: 'hush', after: 'hush' },
    outputs: { secret: { value: 'hush' } },
  };

  await progress.during('plan', (tell) => {
    for (const event of [readEvent(JSON.stringify(told))].filter((found) => found !== undefined)) tell(event);
    return Promise.resolve();
  });
  progress.say(
    failureOf('plan', { code: 1, output: JSON.stringify(told), errors: 'no', diagnostics: [] }).message,
  );

  expect(lines.join('\n')).not.toContain('hush');
});
