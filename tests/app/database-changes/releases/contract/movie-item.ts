import * as today from '../../../../../app/src/dynamo/movie-item.ts';
import type { StoredMovie } from '../../../../../app/src/movies/movie.ts';
import { createPatch } from '../declarations.ts';

export { canExist, keyOf } from '../../../../../app/src/dynamo/movie-item.ts';

/** Writes the new name only. The field needs no default: the contract asks every caller for it. */
export function toItem({ movie, revision }: StoredMovie): today.Item {
  const { running_time_secs: duration, ...others } = movie.info;
  const info = { ...others, ...(duration === undefined ? {} : { duration_secs: duration }) };
  const decade = { N: String(movie.year - (movie.year % 10)) };
  return { ...today.toItem({ movie: { ...movie, info }, revision }), decade };
}

export function fromItem(item: today.Item): StoredMovie {
  const { movie, revision } = today.fromItem(item);
  const { duration_secs: duration, running_time_secs, ...info } = movie.info;
  const renamed = typeof duration === 'number' ? { running_time_secs: duration } : {};
  return { movie: { ...movie, info: { ...info, ...renamed } }, revision };
}

export const patchItem = createPatch({ fromItem, toItem });
