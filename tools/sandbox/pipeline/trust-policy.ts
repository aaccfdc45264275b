import { listOf, settingsOf, textOf } from '../../lib/pipeline-definition.ts';
import type { VerifiedToken } from './token-issuer.ts';

/**
 * Whether a role's trust policy lets the bearer of a verified token take the role. Knows the operators that this project uses;
 * anything else refuses, as nothing may be admitted by not being understood.
 */
export function admits(policy: string, { issuer, audience, subject }: VerifiedToken): boolean {
  const claims: Readonly<Record<string, string>> = {
    [`${issuer}:aud`]: audience,
    [`${issuer}:sub`]: subject,
  };

  const holds = (operator: string, key: string, values: readonly string[]): boolean => {
    const actual = claims[key];
    if (actual === undefined) return false;
    if (operator === 'StringEquals') return values.includes(actual);
    return operator === 'StringLike' && values.some((pattern) => toPattern(pattern).test(actual));
  };

  return textsOrObjects(settingsOf(JSON.parse(policy))['Statement'])
    .map(settingsOf)
    .some(({ Effect: effect, Action: action, Principal: principal, Condition: condition, ...unknown }) => {
      const conditions = Object.entries(settingsOf(condition)).flatMap(([operator, keys]) =>
        Object.entries(settingsOf(keys)).map(([key, values]) => ({ operator, key, values: texts(values) })),
      );
      return (
        effect === 'Allow' &&
        texts(action).includes('sts:AssumeRoleWithWebIdentity') &&
        texts(settingsOf(principal)['Federated']).some((arn) => arn.endsWith(`:oidc-provider/${issuer}`)) &&
        Object.keys(unknown).every((key) => key === 'Sid') &&
        conditions.length > 0 &&
        conditions.every(({ operator, key, values }) => holds(operator, key, values))
      );
    });
}

const textsOrObjects = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);
const texts = (value: unknown): readonly string[] =>
  listOf(textsOrObjects(value)).flatMap((one) => textOf(one) ?? []);

/** `*` and `?` of IAM; all else means itself. */
const toPattern = (text: string): RegExp =>
  new RegExp(
    `^${text
      .replace(/[\\^$.+()|{}[\]]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
    's',
  );
