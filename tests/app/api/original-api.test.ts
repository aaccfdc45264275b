import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Api, startApi } from '../../support/api.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

/** The first version wrapped its answers as for AWS Lambda. */
const wrapped = (movie: unknown) => ({
  statusCode: 200,
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(movie),
});

describe('a client of the first version', () => {
  test('is welcomed as before, with links besides', async () => {
    const { status, json } = await api.stranger('GET', '/');

    expect({ status, json }).toEqual({
      status: 200,
      json: {
        apiVersion: 'v1.0',
        status: '200',
        message: 'Welcome to the Movies Database API',
        links: expect.objectContaining({ movies: '/movies', documentation: '/api/docs/' }),
      },
    });
  });

  test.each(['GET', 'POST', 'PATCH', 'PUT', 'DELETE'])('hears its %s echo', async (method) => {
    const { status, text, headers } = await api.stranger(method, '/echo');

    expect({ status, text, type: headers['content-type'] }).toEqual({
      status: 200,
      text: `ECHO: ${method}`,
      type: 'text/plain; charset=utf-8',
    });
  });

  test('adds a movie by query, with its rating as a number, and reads it back', async () => {
    const movie = { year: 2020, title: 'A film: of/mine', info: { plot: "It's (a) plot!", rating: 1.5 } };
    const key = 'year=2020&title=A%20film:%20of/mine';

    const created = await api.writer('POST', `/movies/?${key}&plot=It's%20(a)%20plot!&rating=1.5`);
    const read = await api.reader('GET', `/movies/?${key}`);
    const plain = await api.reader('GET', '/movies/2020/A%20film%3A%20of%2Fmine');

    expect(created).toMatchObject({ status: 200, json: wrapped(movie) });
    expect(read).toMatchObject({ status: 200, json: wrapped(movie) });
    expect(plain).toMatchObject({ status: 200, json: movie });
  });

  test('gets 404 for a movie that is missing, which was a 500', async () => {
    const answer = await api.reader('GET', '/movies/?year=1933&title=King%20Kong');

    expect(answer).toMatchObject({
      status: 404,
      json: { status: 404, message: 'Not Found: /movies/?year=1933&title=King%20Kong' },
    });
  });

  test('gets 409 instead of overwriting what is there', async () => {
    await api.writer('POST', '/movies/?year=2020&title=Once&rating=9');

    const again = await api.writer('POST', '/movies/?year=2020&title=Once&rating=1');
    const read = await api.reader('GET', '/movies/?year=2020&title=Once');

    expect(again.status).toBe(409);
    expect(read.json).toEqual(wrapped({ year: 2020, title: 'Once', info: { rating: 9 } }));
  });

  test.each(['rating=good', 'rating=11', 'year=1492'])('gets 400 for %s', async (nonsense) => {
    const answer = await api.writer('POST', `/movies/?title=T&${nonsense}&year=2020`);

    expect(answer.status).toBe(400);
  });

  test('is not let in without a token', async () => {
    expect((await api.stranger('GET', '/movies/?year=2020&title=Once')).status).toBe(401);
  });

  test('gets all movies in pages, where it was one silently truncated scan', async () => {
    const titles: unknown[] = [];
    let next: string | undefined = '/movies?limit=1';
    for (let page = 0; next !== undefined && page < 10; page += 1) {
      const { json } = await api.reader('GET', next);
      const { movies, next: following } = json as { movies: { title: string }[]; next?: string };
      titles.push(...movies.map(({ title }) => title));
      next = following;
    }

    expect(titles.toSorted()).toEqual(['A film: of/mine', 'Once']);
  });

  test('finds Swagger UI and the document where they were', async () => {
    const page = await api.stranger('GET', '/api/docs');
    const document = await api.stranger('GET', '/static/swagger.json');

    expect(page).toMatchObject({ status: 301, headers: { location: '/api/docs/' } });
    expect(document).toMatchObject({ status: 200, json: { openapi: '3.0.3' } });
  });

  test('gets the known words for an unknown path', async () => {
    const { status, json } = await api.stranger('GET', '/unknown?x=1');

    expect({ status, json }).toEqual({
      status: 404,
      json: {
        type: 'about:blank',
        title: 'Not Found',
        status: 404,
        detail: 'There is nothing at /unknown.',
        instance: '/unknown',
        requestId: expect.any(String),
        message: 'Not Found: /unknown?x=1',
      },
    });
  });
});
