import * as today from '../../../../app/src/dynamo/movie-item.ts';
import type { MovieInfoPatch, StoredMovie } from '../../../../app/src/movies/movie.ts';

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
