import type { Movie } from '../../app/src/movies/movie.ts';

/** A movie that is like any other in what a test doesn't care about. */
export function aMovie(changes: Partial<Movie> = {}): Movie {
  return {
    year: 2013,
    title: 'Rush',
    info: {
      directors: ['Ron Howard'],
      release_date: '2013-09-02T00:00:00Z',
      rating: 8.3,
      genres: ['Action', 'Biography', 'Drama', 'Sport'],
      image_url: 'http://example.com/rush.jpg',
      plot: 'A re-creation of the merciless 1970s rivalry between two Formula One drivers.',
      rank: 2,
      running_time_secs: 7380,
      actors: ['Daniel Bruhl', 'Chris Hemsworth', 'Olivia Wilde'],
    },
    ...changes,
  };
}
