import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { SignJWT } from 'jose';
import { bundled } from '../../support/bundled.ts';

const repository = fileURLToPath(new URL('../../../', import.meta.url));
const role = 'arn:aws:iam::123456789012:role/pipeline/movies-api-dev-apply';
let folder: string;

interface Ran {
  readonly status: number | null;
  readonly output: string;
}

const run = (program: string, args: readonly string[], settings: NodeJS.ProcessEnv = {}): Ran => {
  const env = { ...process.env, NO_COLOR: '1', ...settings };
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: repository, env, encoding: 'utf8' });
  return { status, output: `${stdout}${stderr}` };
};
const tool = (file: string, ...args: readonly string[]): readonly string[] => [
  bundled(`tools/${file}.ts`),
  ...args,
];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pipeline-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

test('what a person types as image is never run, by make or a shell', () => {
  const trap = join(folder, 'ran');

  const { status, output } = run('make', ['-n', 'rollback', 'ENV=dev'], {
    IMAGE: `$(shell touch ${trap})"; touch ${trap}; "`,
  });

  expect(status).toBe(0);
  expect(output).toContain('rollback --env "dev" --image "$IMAGE"');
  expect(existsSync(trap)).toBe(false);
});

test('nor what is typed as the step of a rotation', () => {
  const trap = join(folder, 'ran');

  const { status, output } = run('make', ['-n', 'rotate-cursor-key', 'ENV=dev'], {
    STEP: `$(shell touch ${trap})"; touch ${trap}; "`,
  });

  expect(status).toBe(0);
  expect(output).toContain('rotate-cursor-key --env "dev" --step "$STEP"');
  expect(existsSync(trap)).toBe(false);
});

test.each([
  ['rotate-cursor-key', ['--env', 'dev'], 'No step is named.'],
  ['rotate-cursor-key', ['--env', 'dev', '--step', 'all'], 'all is no step of a rotation.'],
  ['rotate-cursor-key', ['--env', 'moon', '--step', 'sign'], 'There is no environment moon.'],
  ['plan-rotation', ['--env', 'dev', '--step', 'sign'], 'No plan file is named.'],
])('%s with %j is misuse', (command, args, message) => {
  const { status, output } = run(process.execPath, tool('release/upkeep', command, ...args));

  expect(status).toBe(2);
  expect(output).toContain(message);
});

test.each(['rotate-cursor-key', 'plan-rotation'])('%s explains itself', (command) => {
  const { status, output } = run(process.execPath, tool('release/upkeep', command, '--help'));

  expect(status).toBe(0);
  expect(output).toContain('the next one of accept, sign, drop');
});

test.each(['plan', 'deploy', 'release'])('make %s hands on the plan file that is named', (target) => {
  const { status, output } = run('make', ['-n', target, 'ENV=prod', 'PLAN=release/prod.tfplan']);

  expect(status).toBe(0);
  expect(output).toMatch(/ --env "prod" .*--plan "release\/prod\.tfplan"/);
});

test("in a step, every target's AWS clients look for the token where `make identity` lays it", () => {
  const { output } = run('make', ['-pn', 'identity'], { BITBUCKET_STEP_OIDC_TOKEN: 'x' });

  expect(output).toContain(`AWS_WEB_IDENTITY_TOKEN_FILE := ${repository}.cache/identity/token`);
  expect(output).toContain('identity --file .cache/identity/token');
});

test('the token of a step is laid into a file and not printed', async () => {
  const token = await new SignJWT({ sub: '{repository}:{environment}:{step}', aud: 'ari' })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode('a-key-of-a-test-that-is-long-enough'));
  const file = join(folder, 'token');

  const { status, output } = run(
    process.execPath,
    tool('release/pipeline-commands', 'identity', '--file', file),
    {
      BITBUCKET_STEP_OIDC_TOKEN: token,
      AWS_ROLE_ARN: role,
    },
  );

  expect({ status, output }).toEqual({ status: 0, output: `${role} as {repository}:{environment}:{step}\n` });
  expect(readFileSync(file, 'utf8')).toBe(token);
});

test.each([
  ['a release without an image', ['release', '--env', 'dev'], 'No image is named.'],
  [
    'a rollback of nowhere',
    ['rollback', '--env', 'moon', '--image', `x@sha256:${'0'.repeat(64)}`],
    'There is no environment moon.',
  ],
  ['a push without a repository', ['push', '--record', 'release/image'], 'IMAGE_REPOSITORY is not set.'],
  ['an unknown command', ['launch'], "unknown command 'launch'"],
])('%s is misuse', (_case, args, message) => {
  const { status, output } = run(process.execPath, tool('release/pipeline-commands', ...args), {
    IMAGE_REPOSITORY: '',
  });

  expect(status).toBe(2);
  expect(output).toContain(message);
});
