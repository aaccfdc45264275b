import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ErrorObject } from 'ajv';
import { parse } from 'yaml';
import type { Movie } from '../../movies/movie.ts';

export type CheckMovie = (record: unknown) => { readonly movie: Movie } | { readonly problem: string };

const contractPath = join(import.meta.dirname, '../../../openapi.yaml');
const movieSchema = 'contract#/components/schemas/Movie';

/** Checks records against the API's contract, so that the loader takes exactly what POST takes. */
export function createMovieCheck(): CheckMovie {
  // Not strict: a contract has keywords of OpenAPI, too, such as `example`.
  const ajv = new Ajv({ strict: false, allErrors: true });
  ajv.addSchema(parse(readFileSync(contractPath, 'utf8')) as object, 'contract');
  const isMovie = ajv.compile<Movie>({ $ref: movieSchema });
  return (record) =>
    isMovie(record) ? { movie: record } : { problem: (isMovie.errors ?? []).map(sentence).join('; ') };
}

/** `/info/rating must be <= 10`, and what an unknown or missing property is called. */
function sentence({ instancePath, message = 'is wrong', params }: ErrorObject): string {
  const { additionalProperty } = params as { additionalProperty?: unknown };
  const name = typeof additionalProperty === 'string' ? `: ${additionalProperty}` : '';
  return `${instancePath === '' ? 'the record' : instancePath} ${message}${name}`;
}
