import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { SignJWT } from 'jose';
import { takeIdentity } from '../../../tools/release/identity.ts';

const role = 'arn:aws:iam::123456789012:role/pipeline/movies-api-dev-apply';
const subject = '{4b1d2f7e-repository}:{0c9a-environment}:{7f00-step}';
const audience = 'ari:cloud:bitbucket::workspace/5d3e';
const now = new Date('2026-01-01T12:00:00Z');
const expiresAt = new Date('2026-01-01T13:00:00Z');
let folder: string;
let file: string;
let token: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'identity-'));
  file = join(folder, 'deep', 'token');
  token = await new SignJWT({ sub: subject, aud: audience })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime(expiresAt)
    .sign(new TextEncoder().encode('a-key-of-a-test-that-is-long-enough'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

test("a step's token lies in a file that only its user can read", async () => {
  const identity = await takeIdentity({ BITBUCKET_STEP_OIDC_TOKEN: token, AWS_ROLE_ARN: role }, file, now);

  expect(identity).toEqual({ subject, audience, role, expiresAt });
  expect(await readFile(file, 'utf8')).toBe(token);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test("outside of a step the caller's own credentials are used", async () => {
  expect(await takeIdentity({ AWS_ROLE_ARN: role }, file, now)).toBeUndefined();
  await expect(stat(file)).rejects.toMatchObject({ code: 'ENOENT' });
});

test.each([
  ['without a role', { AWS_ROLE_ARN: '' }, 'AWS_ROLE_ARN names no role.'],
  ['with a user for a role', { AWS_ROLE_ARN: 'arn:aws:iam::123456789012:user/x' }, 'names no role'],
  ['with no token at all', { BITBUCKET_STEP_OIDC_TOKEN: 'secret-rubbish' }, 'holds no token'],
])('a step %s is refused, and its token is not told', async (_case, wrong, message) => {
  const settings = { BITBUCKET_STEP_OIDC_TOKEN: token, AWS_ROLE_ARN: role, ...wrong };

  const refusal = takeIdentity(settings, file, now);

  await expect(refusal).rejects.toThrow(message);
  await expect(refusal).rejects.not.toThrow(settings.BITBUCKET_STEP_OIDC_TOKEN);
});

test('an expired token is refused', async () => {
  await expect(
    takeIdentity({ BITBUCKET_STEP_OIDC_TOKEN: token, AWS_ROLE_ARN: role }, file, expiresAt),
  ).rejects.toThrow("The step's OIDC token has expired.");
});
