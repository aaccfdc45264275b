import { Problem } from '../../../app/src/commands/problem.ts';
import type { Finished } from './terraform-process.ts';

/** What is known about a failure of Terraform, by what it says. */
const remedies: readonly (readonly [RegExp, string])[] = [
  [
    /Saved plan is stale/,
    'The state has changed since this plan was made. Plan again and have the new plan reviewed: a stale plan is never applied.',
  ],
  [
    /Error acquiring the state lock/,
    'Another run holds the lock, or one was killed. When you are sure that none runs: terraform force-unlock <ID as above>.',
  ],
  [
    /No valid credential sources|ExpiredToken|InvalidClientTokenId|security token included in the request is (expired|invalid)/,
    'Sign in to the account (`aws sso login`, or AWS_PROFILE=…); `aws sts get-caller-identity` must answer.',
  ],
  [
    /NoSuchBucket|S3 bucket .* does not exist/,
    'This account has no state bucket yet: run `make bootstrap` first.',
  ],
  [
    /NotEmulated/,
    'The emulator lacks this action. A gap is one function in tools/sandbox/emulator/gaps.ts: see docs/emulator.md.',
  ],
  [
    /locked provider .* (checksum|doesn't match)|doesn't match any of the checksums|lock file/i,
    'The provider is not the one in .terraform.lock.hcl. Never accept this in passing: find out where the other one came from.',
  ],
];

/** A failed call of Terraform as what happened, why, and what to do. */
export function failureOf(verb: string, { output, errors, diagnostics }: Finished): Problem {
  const told = diagnostics
    .filter(({ severity }) => severity === 'error')
    .map(
      ({ summary, detail, where }) => `  ${summary}${where === '' ? '' : ` (${where})`}\n${indent(detail)}`,
    );
  const cause = told.length > 0 ? told.join('\n') : indent((errors === '' ? output : errors).trim());
  const remedy = remedies.find(([pattern]) => pattern.test(cause))?.[1];
  return new Problem(
    `terraform ${verb} failed:\n${cause}`,
    remedy ?? 'Correct what is named above and run the same command again: what is done already stays done.',
  );
}

const indent = (text: string): string =>
  text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => `    ${line}`)
    .join('\n');
