import type { Movie } from '../../app/src/movies/movie.ts';

export const loopback = '127.0.0.1';
export const port = Number(process.env['PORT']);
export const dynamoDb = process.env['DYNAMODB_ENDPOINT'] ?? '';

/** A movie of 575 bytes of JSON, the only one that any of the measured servers answers with. */
export const benchMovie: Movie = {
  year: 1970,
  title: 'Movie 00000',
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
