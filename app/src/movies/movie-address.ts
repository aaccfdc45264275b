import type { MovieKey } from './movie.ts';

/** Where a movie is. Any title works: slashes, quotes, percent signs, Unicode, even dots alone. */
export const movieAddress = ({ year, title }: MovieKey): string => `/movies/${year}/${encodeSegment(title)}`;

/** A segment of dots alone would mean a directory; as it is escaped, it takes a client that leaves it so. */
const encodeSegment = (text: string): string =>
  /^\.+$/.test(text) ? text.replaceAll('.', '%2E') : encodeURIComponent(text);
