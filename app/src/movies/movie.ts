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
