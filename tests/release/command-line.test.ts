import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { SignJWT } from 'jose';
import { checkLifetime, takeIdentity } from '../../tools/release/identity.ts';

const repository = resolve(import.meta.dirname, '../..');
const role = 'arn:aws:iam::123456789012:role/pipeline/movies-api-dev-apply';
const subject = '{4b1d2f7e-repository}:{0c9a-environment}:{7f00-step}';
const audience = 'ari:cloud:bitbucket::workspace/5d3e';
const image = `registry.invalid/movies-api@sha256:${'0'.repeat(64)}`;
const now = new Date('2026-01-01T12:00:00Z');
let folder: string;

// As typed at a prompt: where `make test` runs these, a make below it would say which folder it enters.
const run = (program: string, args: readonly string[], settings: NodeJS.ProcessEnv = {}) => {
  const env = { ...process.env, MAKEFLAGS: '', MAKELEVEL: undefined, NO_COLOR: '1', ...settings };
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: repository, env, encoding: 'utf8' });
  return { status, output: `${stdout}${stderr}` };
};
let program: string;
const release = (args: readonly string[], settings?: NodeJS.ProcessEnv) =>
  run(process.execPath, [program, ...args], settings);
/** Prod lets everybody in, so that a step may come from anywhere. */
const step = { BITBUCKET_BUILD_NUMBER: '1', AWS_ROLE_ARN: role };
const tokenUntil = (end: Date | string): Promise<string> =>
  new SignJWT({ sub: subject, aud: audience })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime(end)
    .sign(new TextEncoder().encode('a-key-of-a-test-that-is-long-enough'));

beforeAll(() => {
  program = resolve('tools/release/main.ts');
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'release-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

test.each([
  ['that is missing', '', 'No environment is named.'],
  ['that is not there', 'moon', 'There is no environment moon.'],
  ['that a shell would run', "'; echo ran #", "There is no environment '; echo ran #."],
])('make asks for an environment %s before it builds anything', (_which, name, message) => {
  for (const target of ['deploy', 'verify', 'release', 'rollback', 'rotate-cursor-key']) {
    const { status, output } = run('make', [target], { ENV: name });

    expect(status).toBe(2);
    expect(output).toMatch(/^error: [^\n]+\nName one with ENV=<environment>: dev prod staging\.\nmake: /);
    expect(output).toContain(`error: ${message}\n`);
  }
});

test('make verify ENV=local builds no program that a local deployment is not verified with', () => {
  expect(run('make', ['-n', 'verify', 'ENV=local']).output).not.toMatch(/cosign|crane/);
  expect(run('make', ['-n', 'verify', 'ENV=dev']).output).toMatch(/cosign/);
});

test.each([
  ['rollback', 'IMAGE', '--image "$IMAGE"'],
  ['rotate-cursor-key', 'STEP', '--step "$STEP"'],
  ['deploy DATA=yes', 'FILE', '--file "$FILE"'],
  ['deploy', 'LOSE', '--env "dev"'],
])('what a person types for make %s as %s is never run, by make or a shell', (target, name, expected) => {
  const trap = join(folder, 'ran');

  const { status, output } = run('make', ['-n', ...target.split(' '), 'ENV=dev'], {
    [name]: `$(shell touch ${trap})"; touch ${trap}; "`,
  });

  expect(status).toBe(0);
  expect(output).toContain(expected);
  expect(existsSync(trap)).toBe(false);
});

test.each(['plan', 'deploy', 'release', 'rotate-cursor-key'])(
  'make %s hands on the plan file that is named',
  (target) => {
    const { status, output } = run('make', ['-n', target, 'ENV=prod', 'PLAN=release/prod.tfplan']);

    expect(status).toBe(0);
    expect(output).toMatch(/ --env "prod" .*--plan "release\/prod\.tfplan"/);
  },
);

test("in a step, every target's AWS clients look for the token where `make` lays it", () => {
  const { output } = run('make', ['-pn', 'push'], { BITBUCKET_STEP_OIDC_TOKEN: 'x' });

  expect(output).toContain(`AWS_WEB_IDENTITY_TOKEN_FILE := ${repository}/.cache/identity/token`);
  expect(output).toContain('identity --file .cache/identity/token');
});

test.each([
  [['plan', '--env', 'dev', '--image', 'movies-api:1.0'], '`make image` prints the digest'],
  [['release', '--env', 'dev'], 'an artifact, which Bitbucket drops after 14 days'],
  [['rollback', '--env', 'moon', '--image', image], 'There is no environment moon.'],
  [['rollback', '--env', 'local', '--image', image], '`make deploy-local` releases to this machine'],
  [['preflight', '--env', 'moon'], 'There is no environment moon.'],
  [['push', '--record', 'release/image'], 'IMAGE_REPOSITORY is not set.'],
  [['sign', 'movies-api:1.0'], 'A tag can be moved.'],
  [['rotate-cursor-key', '--env', 'dev'], 'No step is named.'],
  [['rotate-cursor-key', '--env', 'dev', '--step', 'all'], 'all is no step of a rotation.'],
  [['rotate-cursor-key', '--env', 'moon', '--step', 'sign'], 'There is no environment moon.'],
  [['plan', '--env', 'dev', '--step', 'all'], 'all is no step of a rotation.'],
  [['load-data', '--env', 'prod'], "prod's movies are not loaded by a pipeline"],
  [['launch'], "unknown command 'launch'"],
])('%j is misuse, and says what to do', (args, message) => {
  const { status, output } = release(args, { IMAGE_REPOSITORY: '' });

  expect(output).toContain(message);
  expect(status).toBe(2);
});

test('a deployment loads neither the checks nor the emulated account', () => {
  const { output } = run(process.execPath, [
    '--input-type=module',
    '-e',
    "import { registerHooks } from 'node:module'; registerHooks({ load: (url, context, next) => { if (url.includes('/tools/')) console.log(url); return next(url, context); } }); process.argv.push('deploy', '--env', 'moon', '--image', 'x@sha256:' + '0'.repeat(64)); await import('./tools/release/main.ts');",
  ]);

  const rooms = new Set([...output.matchAll(/\/tools\/(\w+)\//g)].map(([, room]) => room));
  expect([...rooms].sort()).toEqual(['lib', 'release']);
  expect([...output.matchAll(/\/tools\//g)].length).toBeLessThan(40);
});

test("a step's token lies in a file that only its user can read, and is not printed", async () => {
  const token = await tokenUntil('1h');
  const file = join(folder, 'deep', 'token');

  const { status, output } = release(['identity', '--file', file], {
    BITBUCKET_STEP_OIDC_TOKEN: token,
    AWS_ROLE_ARN: role,
  });

  expect({ status, output }).toEqual({
    status: 0,
    output: expect.stringMatching(new RegExp(`^${role} as ${subject}, until \\d{4}-.*Z\n$`)),
  });
  expect(readFileSync(file, 'utf8')).toBe(token);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test("outside of a step the caller's own credentials are used", async () => {
  expect(await takeIdentity({ AWS_ROLE_ARN: role }, join(folder, 'token'), now)).toBeUndefined();
  expect(existsSync(join(folder, 'token'))).toBe(false);
});

test.each([
  ['without a role', { AWS_ROLE_ARN: '' }, 'AWS_ROLE_ARN names no role.'],
  ['with a user for a role', { AWS_ROLE_ARN: 'arn:aws:iam::123456789012:user/x' }, 'names no role'],
  ['with no token at all', { BITBUCKET_STEP_OIDC_TOKEN: 'secret-rubbish' }, 'holds no token'],
  ['whose token is over', {}, "The step's OIDC token has expired."],
])('a step %s is refused, and its token is not told', async (_case, wrong, message) => {
  const env = { BITBUCKET_STEP_OIDC_TOKEN: await tokenUntil(now), AWS_ROLE_ARN: role, ...wrong };

  const refusal = takeIdentity(env, join(folder, 'token'), now);

  await expect(refusal).rejects.toThrow(message);
  await expect(refusal).rejects.not.toThrow(env.BITBUCKET_STEP_OIDC_TOKEN);
});

test('where what runs comes from is not asked without a key to trust, and that is said', () => {
  const { status, output } = release(['provenance', '--env', 'dev'], { SIGNING_KEY: '' });

  expect({ status, output }).toEqual({
    status: 0,
    output: 'note: SIGNING_KEY is not set: who built what runs was not asked.\n',
  });
});

test('a release begins where its token outlives a return, and outside of a step', async () => {
  const token = await tokenUntil(new Date(now.getTime() + 40 * 60_000));

  expect(() => {
    checkLifetime({ BITBUCKET_STEP_OIDC_TOKEN: token }, now);
    checkLifetime({}, now);
  }).not.toThrow();
});

test('a release whose token ends before a return could is refused before anything is changed', async () => {
  const env = { ...step, BITBUCKET_STEP_OIDC_TOKEN: await tokenUntil('39m') };

  const { status, output } = release(
    ['release', '--env', 'prod', '--image', `x@sha256:${'0'.repeat(64)}`],
    env,
  );

  expect(status).toBe(1);
  expect(output).toMatch(
    /^error: The step's OIDC token is good for 3[89] more minutes, and a release that returns may take 40/m,
  );
});

/** Each ends in a refusal or a failure, which is when programs are tempted to print what they know. */
test.each([
  [['identity', '--file', 'reports/never/token']],
  [['release', '--env', 'dev', '--image', image]],
  [['deploy', '--env', 'dev', '--plan', 'none.tfplan']],
  [['drift', '--env', 'moon']],
])('what %j prints holds no secret of its environment', async (args) => {
  const secrets = {
    AWS_SECRET_ACCESS_KEY: 'hush-aws-key',
    AWS_SESSION_TOKEN: 'hush-session',
    COSIGN_PASSWORD: 'hush-cosign',
    CURSOR_SECRETS: 'hush-cursor-secret-of-thirty-two-characters',
    VERIFY_CLIENT_SECRET: 'hush-client',
    BITBUCKET_STEP_OIDC_TOKEN: await tokenUntil('1h'),
  };
  const surroundings = {
    AWS_ROLE_ARN: '',
    AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
    SIGNING_KEY: '',
    TF_WORKSPACE: 'another',
  };

  const { status, output } = release(args, { ...secrets, ...surroundings });

  expect(status).toBeGreaterThan(0);
  expect(output).not.toBe('');
  expect(Object.entries(secrets).filter(([, value]) => output.includes(value))).toEqual([]);
});
