import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Movie, movieAddress } from '../../../app/src/movies/movie.ts';
import { type Api, startApi } from '../../support/api.ts';
import { aMovie } from '../../support/movies.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const create = async (movie: Movie): Promise<string> =>
  String((await api.writer('POST', '/movies', { body: movie })).headers.etag);

describe('one movie', () => {
  test('is created, says where it is and what names its content, and reads back exactly', async () => {
    const movie = aMovie({ title: 'Created' });

    const created = await api.writer('POST', '/movies', { body: movie });
    const read = await api.reader('GET', '/movies/2013/Created');

    expect(created).toMatchObject({
      status: 201,
      json: movie,
      headers: { location: '/movies/2013/Created', etag: read.headers.etag, 'cache-control': 'no-store' },
    });
    expect(read).toMatchObject({
      status: 200,
      json: movie,
      headers: {
        etag: expect.stringMatching(/^"[\w-]+"$/),
        'cache-control': 'private, no-cache',
        vary: 'Authorization',
      },
    });
    expect(read.text).toContain('"rating":8.3,');
  });

  test('has headers but no body for HEAD', async () => {
    const etag = await create(aMovie({ title: 'Headed' }));

    const answer = await api.reader('HEAD', '/movies/2013/Headed');

    expect(answer).toMatchObject({ status: 200, text: '', headers: { etag } });
  });

  test.each([
    'V/H/S',
    '"Crocodile" Dundee\'s',
    '100% Wolf',
    '%2F',
    '.45',
    '.',
    '..',
    '...',
    '[REC]²',
    '千と千尋の神隠し',
    '🎬 a + b & c = d?#;',
    ' leading and trailing ',
    '__proto__',
  ])('may be called %s', async (title) => {
    const movie = { year: 2007, title, info: { rating: 7.4 } };

    const created = await api.writer('POST', '/movies', { body: movie });
    const read = await api.reader('GET', String(created.headers.location));
    const removed = await api.writer('DELETE', String(created.headers.location));

    expect(created).toMatchObject({ status: 201, json: movie });
    expect(read).toMatchObject({ status: 200, json: movie });
    expect(removed.status).toBe(204);
  });

  test('may have any title that its address can carry, there and back', async () => {
    const title = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 });

    await fc.assert(
      fc.asyncProperty(title, async (text) => {
        const answer = await api.reader('GET', movieAddress({ year: 1999, title: text }));

        expect(answer).toMatchObject({
          status: 404,
          json: { detail: `There is no movie "${text}" (1999).` },
        });
      }),
      { numRuns: 50 },
    );
  });
});

describe('a change', () => {
  const at = (title: string) => movieAddress({ year: 2013, title });

  test.each(['PUT', 'PATCH'])('by %s can not move a movie', async (method) => {
    await create(aMovie({ title: `Fixed by ${method}` }));

    const answer = await api.writer(method, at(`Fixed by ${method}`), {
      body: { title: 'Elsewhere', info: {} },
      headers: { 'if-match': '*' },
    });

    expect(answer).toMatchObject({
      status: 400,
      json: { errors: [{ in: 'body', field: '/title', message: 'must be the title of the address' }] },
    });
  });
});

describe('a list', () => {
  const ratings = [9, 8.5, 8, 7.5, 7];
  beforeAll(async () => {
    for (const rating of ratings) {
      const info = { rating, genres: [rating > 8 ? 'Drama' : 'Comedy'], actors: ['A'], directors: ['D'] };
      await create({ year: 1950, title: `Film ${rating}`, info });
    }
  });

  const titles = (json: unknown) => (json as { movies: Movie[] }).movies.map(({ title }) => title);

  test('goes on page by page, by link and by address alike, until there is no more', async () => {
    const first = await api.reader('GET', '/movies?year=1950&sort=rating&limit=3');
    const { next } = first.json as { next: string };
    const second = await api.reader('GET', next);

    expect(titles(first.json)).toEqual(['Film 9', 'Film 8.5', 'Film 8']);
    expect(first.headers).toMatchObject({
      link: `<${next}>; rel="next"`,
      'cache-control': 'private, no-cache',
    });
    expect(titles(second.json)).toEqual(['Film 7.5', 'Film 7']);
    expect(second.json).not.toHaveProperty('next');
    expect(second.headers).not.toHaveProperty('link');
  });

  test.each([
    ['year=1950&titlePrefix=Film%208', ['Film 8', 'Film 8.5']],
    ['title=Film%209', ['Film 9']],
    ['year=1950&minRating=8.5&sort=rating', ['Film 9', 'Film 8.5']],
    ['year=1950&genre=Drama', ['Film 8.5', 'Film 9']],
    ['year=1950&genre=Drama&actor=A&director=D&title=Film%209', ['Film 9']],
    ['year=1950&actor=Nobody', []],
    ['year=1951', []],
  ])('of %s', async (query, expected) => {
    const { status, json } = await api.reader('GET', `/movies?${query}`);

    expect({ status, titles: titles(json) }).toEqual({ status: 200, titles: expected });
  });
});
