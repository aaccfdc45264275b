import type { Movie } from '../../../app/src/movies/movie.ts';

const count = Number(process.env['BENCH_MOVIES'] ?? 1_000);
const firstYear = 1970;
const years = 50;

/** The movies of every in-memory server: always the same, a thousand unless told otherwise, 575 bytes of JSON each. */
export function benchMovies(wanted = count): Movie[] {
  return Array.from({ length: wanted }, (_, index) => benchMovie(index));
}

export function benchMovie(index: number): Movie {
  return {
    year: firstYear + (index % years),
    title: `Movie ${String(index).padStart(5, '0')}`,
    info: {
      directors: ['Alex Example'],
      release_date: '2013-09-02T00:00:00Z',
      rating: 8.3,
      genres: ['Action', 'Biography', 'Drama', 'Sport'],
      image_url: 'https://images.example.com/posters/a-name-as-long-as-real-ones-are.jpg',
      plot: 'Two drivers who could not be less alike race each other through a season that only one of them can win, and find out what the other one is afraid of. '.padEnd(
        215,
        '.',
      ),
      rank: 2,
      running_time_secs: 7380,
      actors: ['Robin Sample', 'Kim Specimen', 'Sam Placeholder'],
    },
  };
}

export const pathOf = ({ year, title }: Pick<Movie, 'year' | 'title'>): string =>
  `/movies/${year}/${encodeURIComponent(title)}`;

/** A key as the in-memory servers look it up. */
export const keyText = (year: number | string, title: string): string => `${year}/${title}`;

export const moviesByKey = (): Map<string, Movie> =>
  new Map(benchMovies().map((movie) => [keyText(movie.year, movie.title), movie]));
