import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ErrorObject } from 'ajv';
import { parse } from 'yaml';
import { toItem, type Item } from '../../dynamo/movie-item.ts';
import { InvalidMovie } from '../../movies/errors.ts';
import { parseExactJson } from '../../movies/exact-json.ts';
import type { Movie } from '../../movies/movie.ts';
import { revisionOf } from '../../movies/revision.ts';
import { reasonOf } from '../problem.ts';
import type { InputRecord } from './read-movies.ts';

/** What is to be stored, or why it can't be. */
export type Checked = { readonly item: Item } | { readonly reason: string };

const contractPath = join(import.meta.dirname, '../../../openapi.yaml');
const movieSchema = 'contract#/components/schemas/Movie';

/** Checks records against the API's contract, so that the loader takes exactly what POST takes. Never throws. */
export function createMovieCheck(): (record: InputRecord) => Checked {
  // Not strict: a contract has keywords of OpenAPI, too, such as `example`.
  const ajv = new Ajv({ strict: false, allErrors: true });
  ajv.addSchema(parse(readFileSync(contractPath, 'utf8')) as object, 'contract');
  const isMovie = ajv.compile<Movie>({ $ref: movieSchema });

  return ({ text, fault }) => {
    if (fault !== undefined) return { reason: fault };
    try {
      const movie = parseExactJson(text);
      if (!isMovie(movie)) return { reason: (isMovie.errors ?? []).map(sentence).join('; ') };
      return { item: toItem({ movie, revision: revisionOf(movie) }) };
    } catch (error) {
      return { reason: describe(error) };
    }
  };
}

/** One record's fault, whatever it is, must not stop the others. */
function describe(error: unknown): string {
  // What can't be walked through is deeper than what could be stored.
  if (error instanceof RangeError) return 'The movie nests more than 31 levels deep.';
  if (error instanceof SyntaxError) return `not JSON: ${visible(error.message)}`;
  return error instanceof InvalidMovie ? error.message : `it can't be stored: ${reasonOf(error)}`;
}

/** `/info/rating must be <= 10`, and what an unknown or missing property is called. */
function sentence({ instancePath, message = 'is wrong', params }: ErrorObject): string {
  const { additionalProperty } = params as { additionalProperty?: unknown };
  const name = typeof additionalProperty === 'string' ? `: ${additionalProperty}` : '';
  return `${instancePath === '' ? 'the record' : instancePath} ${message}${name}`;
}

/** A reason that can be seen: a byte order mark, say, by its number. */
const visible = (text: string) =>
  text.replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`,
  );
