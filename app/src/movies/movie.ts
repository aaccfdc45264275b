import { createHash } from 'node:crypto';
import type { components } from '../http/contract.gen.ts';

/** `{ year, title, info }` as the contract states it: the shape of the exercise's table, in plain JSON. */
export type Movie = components['schemas']['Movie'];
export type MovieInfo = components['schemas']['MovieInfo'];
/** A JSON merge patch (RFC 7396) of a `MovieInfo`. */
export type MovieInfoPatch = components['schemas']['MovieInfoPatch'];

/** The primary key of a movie: partition key `year` (1870–2200), sort key `title` (1–1024 bytes of UTF-8). */
export interface MovieKey {
  readonly year: number;
  readonly title: string;
}

/** A movie as stored, with the revision that identifies this very content: a strong entity tag without its quotes. */
export interface StoredMovie {
  readonly movie: Movie;
  readonly revision: string;
}

/** What a caller may ask of a list. Every property that is present narrows the result. */
export interface MovieFilter {
  readonly year?: number;
  /** The exact title, in any year. */
  readonly title?: string;
  /** Needs `year`. */
  readonly titlePrefix?: string;
  readonly genre?: string;
  readonly director?: string;
  readonly actor?: string;
  /** Inclusive, 0–10. */
  readonly minRating?: number;
  /** Best rated first; needs `year`. */
  readonly sort?: 'rating';
}

/** Where a list goes on: key attributes of the last item, numbers as the exact text that the database gave. */
export type Position = Readonly<Record<string, string | number>>;

export interface MoviePage {
  readonly movies: readonly Movie[];
  /** Absent on the last page. A page may hold fewer movies than asked for, even none, and still go on. */
  readonly next?: Position;
}

/** The caller's knowledge of what it is about to change: this revision, or whatever is there. */
export type Expected = (string & NonNullable<unknown>) | 'any';

/**
 * The movies table, by intent. Writes are conditional: none overwrites what its caller has not seen.
 *
 * Throws `NotFound`, `Conflict` (the movie exists already), `PreconditionFailed` (another revision is stored),
 * `InvalidMovie` (it can't be stored), `Throttled`, `Unavailable` or `TimedOut` from `./errors.ts`, and nothing else on purpose.
 */
export interface MovieRepository {
  find(key: MovieKey): Promise<StoredMovie>;
  /** @param limit 1–100 movies. Reads a bounded amount, whatever the filter. */
  list(filter: MovieFilter, limit: number, from?: Position): Promise<MoviePage>;
  create(movie: Movie): Promise<StoredMovie>;
  replace(movie: Movie, expected: Expected): Promise<StoredMovie>;
  /** Applies a merge patch to what is stored, atomically. What the patch doesn't name stays as it is stored, to the digit. */
  update(key: MovieKey, expected: Expected, patch: MovieInfoPatch): Promise<StoredMovie>;
  remove(key: MovieKey, expected: Expected): Promise<void>;
  /** Whether the table answers; rejects with why it doesn't. At most one probe is in flight, bounded in time. */
  ready(): Promise<void>;
}

/** Where a movie is. Any title works: slashes, quotes, percent signs, Unicode, even dots alone. */
export const movieAddress = ({ year, title }: MovieKey): string => `/movies/${year}/${encodeSegment(title)}`;

/** A segment of dots alone would mean a directory; as it is escaped, it takes a client that leaves it so. */
const encodeSegment = (text: string): string =>
  /^\.+$/.test(text) ? text.replaceAll('.', '%2E') : encodeURIComponent(text);

/** 132 bits: no two contents share it by accident, and it stays short in a header. */
const revisionLength = 22;

/**
 * The revision of exactly this content: the start of the SHA-256 of its JSON with sorted keys, in base64url. Equal
 * movies have equal revisions, whoever wrote them and in whatever order of keys.
 */
export function revisionOf(movie: Movie): string {
  return createHash('sha256').update(canonicalJson(movie)).digest('base64url').slice(0, revisionLength);
}

/** Whether a text could be a revision at all. */
export const isRevision = (text: string): boolean => /^[\w-]{22}$/.test(text);

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_name, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
