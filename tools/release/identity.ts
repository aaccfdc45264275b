import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { decodeJwt } from 'jose';
import { Problem } from '../../app/src/commands/problem.ts';

/** What a step's token says about itself. No part of it is secret. */
export interface Identity {
  readonly subject: string;
  readonly audience: string;
  readonly role: string;
  readonly expiresAt: Date;
}

/**
 * Writes the token that Bitbucket gave the step to a file that only the step's user can read. AWS clients and Terraform
 * exchange it for the role's credentials by themselves when AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN are set.
 * Undefined outside of a pipeline step: the caller's own credentials are used there. The token is never in a message.
 */
export async function takeIdentity(
  { BITBUCKET_STEP_OIDC_TOKEN: token = '', AWS_ROLE_ARN: role = '' }: NodeJS.ProcessEnv,
  file: string,
  now: Date,
): Promise<Identity | undefined> {
  if (token === '') return undefined;
  if (!/^arn:aws[a-z-]*:iam::\d{12}:role\/.+$/.test(role))
    throw new Problem(
      'AWS_ROLE_ARN names no role.',
      "Set it as a variable of the step's deployment environment to what `make bootstrap` printed (docs/deploy.md).",
    );
  const { sub = '', aud = '', exp = 0 } = claimsOf(token);
  const expiresAt = new Date(exp * 1000);
  if (expiresAt <= now)
    throw new Problem("The step's OIDC token has expired.", 'Run the step again: each run gets a new one.');
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(file, token, { mode: 0o600 });
  return { subject: sub, audience: [aud].flat().join(), role, expiresAt };
}

/** Of a step that changes an environment, less what it installs before: as long as `max-time` lets a release and its return take. */
const neededMinutes = 40;

/**
 * Refuses to begin what a token can't see the end of: a return comes last, exchanges the same token once more, and must not
 * find it expired. The role's hour begins anew with each exchange.
 */
export function checkLifetime({ BITBUCKET_STEP_OIDC_TOKEN: token = '' }: NodeJS.ProcessEnv, now: Date): void {
  if (token === '') return;
  const left = Math.floor(((claimsOf(token).exp ?? 0) - now.getTime() / 1000) / 60);
  if (left >= neededMinutes) return;
  throw new Problem(
    `The step's OIDC token is good for ${left} more minutes, and a release that returns may take ${neededMinutes}: its return would be refused.`,
    'Nothing was changed. Run the step again: each run gets a new token.',
  );
}

function claimsOf(token: string): ReturnType<typeof decodeJwt> {
  try {
    return decodeJwt(token);
  } catch {
    throw new Problem('BITBUCKET_STEP_OIDC_TOKEN holds no token.', 'The step needs `oidc: true`.');
  }
}
