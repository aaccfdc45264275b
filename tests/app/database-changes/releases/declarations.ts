import * as today from '../../../../app/src/dynamo/movie-item.ts';
import contract from '../../../../app/src/http/contract.gen.json' with { type: 'json' };
import type { MovieInfoPatch, StoredMovie } from '../../../../app/src/movies/movie.ts';
import table from '../../../../app/table.json' with { type: 'json' };

export const newIndex = {
  name: 'decade-rating',
  hashKey: { name: 'decade', type: 'N' },
  rangeKey: { name: 'rating', type: 'N' },
  projection: 'ALL',
};

/** `app/table.json` with the new index. */
export const tableWithIndex = {
  ...table,
  globalSecondaryIndexes: [...table.globalSecondaryIndexes, newIndex],
};

/** The contract with the new field, required or not, and with a filter for the new index. */
export function contractWith({ languageRequired }: { readonly languageRequired: boolean }): object {
  const next = structuredClone(contract);
  const parameters: object[] = next.paths['/movies'].get.parameters;
  parameters.push({ name: 'decade', in: 'query', schema: { type: 'integer', minimum: 1870, maximum: 2200 } });
  Object.assign(next.components.schemas.MovieInfo.properties, { language: { type: 'string', minLength: 2 } });
  if (languageRequired) Object.assign(next.components.schemas.MovieInfo, { required: ['language'] });
  return next;
}

interface Mapping {
  readonly fromItem: (item: today.Item) => StoredMovie;
  readonly toItem: (stored: StoredMovie) => today.Item;
}

/** Patches what a release shows, and writes all of it in the release's own form. */
export const createPatch =
  ({ fromItem, toItem }: Mapping): typeof today.patchItem =>
  (item: today.Item, patch: MovieInfoPatch) => {
    const { stored } = today.patchItem(today.toItem(fromItem(item)), patch);
    return { item: toItem(stored), stored };
  };
