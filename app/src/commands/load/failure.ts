import { MovieError } from '../../movies/errors.ts';
import { databaseRemedy, property, rootOf } from './database-failure.ts';
import type { LoaderOptions } from './options.ts';
import { BadInput } from './read-movies.ts';

export interface Explanation {
  /** 2 when the caller can set it right, 1 when the load broke off. */
  readonly exitCode: 1 | 2;
  /** What happened, why, and what to do. */
  readonly text: string;
}

/** By the code of an error of a file. */
const fileRemedies: Readonly<Record<string, (options: LoaderOptions) => string>> = {
  ENOENT: ({ file }) => `There is no file ${file}: name the input with --file.`,
  EISDIR: ({ file }) => `${file} is a directory: name a file with --file.`,
  EACCES: ({ file, rejects }) =>
    `${file} can't be read or ${rejects} can't be written: check the permissions.`,
};

export function explain(error: unknown, options: LoaderOptions): Explanation {
  const code = property(error, 'code');
  const fileRemedy = Object.hasOwn(fileRemedies, code) ? fileRemedies[code]?.(options) : undefined;
  const remedy = fileRemedy ?? databaseRemedy(error, options, 'dynamodb:BatchWriteItem');
  if (remedy !== undefined) return { exitCode: 2, text: `error: ${remedy}` };
  if (error instanceof BadInput) return { exitCode: 2, text: `error: ${options.file}: ${error.message}` };
  if (error instanceof MovieError) {
    return { exitCode: 1, text: `error: ${error.message} ${property(rootOf(error), 'message')}` };
  }
  throw error;
}
