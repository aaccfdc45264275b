import * as today from '../../../../../app/src/dynamo/movie-item.ts';
import type { StoredMovie } from '../../../../../app/src/movies/movie.ts';
import { createPatch } from '../declarations.ts';

import { toItem } from '../expand/movie-item.ts';

export { canExist, keyOf, toItem } from '../expand/movie-item.ts';

/** Reads the new name, which every item has by now. Both are still written, for the version before. */
export function fromItem(item: today.Item): StoredMovie {
  const { movie, revision } = today.fromItem(item);
  const { duration_secs: duration, running_time_secs, ...info } = movie.info;
  const renamed = typeof duration === 'number' ? { running_time_secs: duration } : {};
  return { movie: { ...movie, info: { language: 'und', ...info, ...renamed } }, revision };
}

export const patchItem = createPatch({ fromItem, toItem });
