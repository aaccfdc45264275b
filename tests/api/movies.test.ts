import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startApi, type Api } from '../support/api.ts';
import { aMovie } from '../support/movies.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

describe('one movie', () => {
  test('a new movie is created, with where it is and what names its content, and reads back exactly', async () => {
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
      headers: { etag: expect.stringMatching(/^"[\w-]+"$/), 'cache-control': 'private, no-cache' },
    });
    expect(read.text).toContain('"rating":8.3,');
  });
});
