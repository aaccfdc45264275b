import { MovieError } from '../movies/errors.ts';
import type { LoaderOptions } from './options.ts';
import { BadInput } from './read-movies.ts';

export interface Explanation {
  /** 2 when the caller can set it right, 1 when the load broke off. */
  readonly exitCode: 1 | 2;
  /** What happened, why, and what to do. */
  readonly text: string;
}

type Remedy = (options: LoaderOptions) => string;

/** By the name or code of an error; each is something that the caller named wrongly or left out. */
const remedies: Readonly<Record<string, Remedy>> = {
  ENOENT: ({ file }) => `There is no file ${file}: name the input with --file.`,
  EISDIR: ({ file }) => `${file} is a directory: name a file with --file.`,
  EACCES: ({ file, rejects }) =>
    `${file} can't be read or ${rejects} can't be written: check the permissions.`,
  ResourceNotFoundException: ({ table = '', region, endpoint }) =>
    `There is no table ${table} in ${endpoint ?? region}: check --table, --region and --endpoint.`,
  CredentialsProviderError: () =>
    'There are no AWS credentials: set AWS_PROFILE, or sign in with `aws sso login`.',
  AccessDeniedException: ({ table = '' }) =>
    `The credentials may not write to ${table}: dynamodb:BatchWriteItem is needed.`,
  UnrecognizedClientException: () => 'AWS does not know these credentials: sign in again.',
  ExpiredTokenException: () => 'The AWS credentials have expired: sign in again.',
  ECONNREFUSED: ({ endpoint = 'AWS' }) => `Nothing answers at ${endpoint}: start it, or check --endpoint.`,
};

export function explain(error: unknown, options: LoaderOptions): Explanation {
  const root = error instanceof MovieError && error.cause !== undefined ? error.cause : error;
  for (const name of [property(root, 'code'), property(root, 'name')]) {
    const remedy = Object.hasOwn(remedies, name) ? remedies[name] : undefined;
    if (remedy !== undefined) return { exitCode: 2, text: `error: ${remedy(options)}` };
  }
  if (error instanceof BadInput) return { exitCode: 2, text: `error: ${options.file}: ${error.message}` };
  if (error instanceof MovieError)
    return { exitCode: 1, text: `error: ${error.message} ${property(root, 'message')}` };
  throw error;
}

function property(holder: unknown, name: string): string {
  if (typeof holder !== 'object' || holder === null) return '';
  const value: unknown = Reflect.get(holder, name);
  return typeof value === 'string' ? value : '';
}
