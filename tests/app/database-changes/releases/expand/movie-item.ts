import * as today from '../../../../../app/src/dynamo/movie-item.ts';
import type { StoredMovie } from '../../../../../app/src/movies/movie.ts';
import { createPatch } from '../declarations.ts';

export { canExist, keyOf } from '../../../../../app/src/dynamo/movie-item.ts';

/** Writes all that is new beside all that is old: the key of the index, the field, the attribute by both names. */
export function toItem({ movie, revision }: StoredMovie): today.Item {
  const { running_time_secs: duration } = movie.info;
  const info = {
    language: 'und',
    ...movie.info,
    ...(duration === undefined ? {} : { duration_secs: duration }),
  };
  const decade = { N: String(movie.year - (movie.year % 10)) };
  return { ...today.toItem({ movie: { ...movie, info }, revision }), decade };
}

/** Reads the old name: the version before writes no other, and leaves a stale copy under the new one. */
export function fromItem(item: today.Item): StoredMovie {
  const { movie, revision } = today.fromItem(item);
  const { duration_secs, ...info } = movie.info;
  return { movie: { ...movie, info: { language: 'und', ...info } }, revision };
}

export const patchItem = createPatch({ fromItem, toItem });
