import { keyText, moviesByKey } from './movies.ts';
import { loopback, settings } from './settings.ts';
import { usualStack } from './usual-stack.ts';

/** Rival: the usual stack over movies in memory. */
const movies = moviesByKey();

usualStack((year, title) => Promise.resolve(movies.get(keyText(year, title)))).listen(
  settings().port,
  loopback,
);
