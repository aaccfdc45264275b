import type { Movie, MovieInfoPatch, MovieKey, StoredMovie } from './movie.ts';

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
