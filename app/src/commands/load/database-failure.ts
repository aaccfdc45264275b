import { MovieError } from '../../movies/errors.ts';

export interface DatabaseTarget {
  readonly table?: string;
  readonly region: string;
  readonly endpoint?: string;
}

type Remedy = (target: DatabaseTarget, actions: string) => string;

/** By the name or code of an error; each is something that the caller named wrongly or left out. */
const remedies: Readonly<Record<string, Remedy>> = {
  ResourceNotFoundException: ({ table = '', region, endpoint }) =>
    `There is no table ${table} in ${endpoint ?? region}: check --table, --region and --endpoint.`,
  CredentialsProviderError: () =>
    'There are no AWS credentials: set AWS_PROFILE, or sign in with `aws sso login`.',
  AccessDeniedException: ({ table = '' }, actions) =>
    `The credentials may not write to ${table}: ${actions} is needed.`,
  UnrecognizedClientException: () => 'AWS does not know these credentials: sign in again.',
  ExpiredTokenException: () => 'The AWS credentials have expired: sign in again.',
  ECONNREFUSED: ({ endpoint = 'AWS' }) => `Nothing answers at ${endpoint}: start it, or check --endpoint.`,
};

/** What the caller can do about an error of the database, or nothing when it is no fault of theirs. */
export function databaseRemedy(error: unknown, target: DatabaseTarget, actions: string): string | undefined {
  const root = rootOf(error);
  const name = [property(root, 'code'), property(root, 'name')].find((known) =>
    Object.hasOwn(remedies, known),
  );
  return name === undefined ? undefined : remedies[name]?.(target, actions);
}

/** What the database said, where the domain has wrapped it. */
export const rootOf = (error: unknown): unknown =>
  error instanceof MovieError && error.cause !== undefined ? error.cause : error;

export function property(holder: unknown, name: string): string {
  if (typeof holder !== 'object' || holder === null) return '';
  const value: unknown = Reflect.get(holder, name);
  return typeof value === 'string' ? value : '';
}
