import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fromAttribute, toAttribute } from '../../../app/src/dynamo/attribute-value.ts';
import { InvalidMovie } from '../../../app/src/movies/errors.ts';
import { fromItem, toItem } from '../../../app/src/dynamo/movie-item.ts';
import { revisionOf } from '../../../app/src/movies/movie.ts';
import { json, movies, numbers } from '../../support/arbitraries.ts';
import { aMovie } from '../../support/movies.ts';

describe('movies as items', () => {
  test('the item of a movie, whole', () => {
    const movie = aMovie({
      info: { rating: 8.3, genres: ['Drama'], remarks: { seen: true, by: null, note: '' } },
    });

    expect(toItem({ movie, revision: 'abc' })).toEqual({
      year: { N: '2013' },
      title: { S: 'Rush' },
      info: {
        M: {
          rating: { N: '8.3' },
          genres: { L: [{ S: 'Drama' }] },
          remarks: { M: { seen: { BOOL: true }, by: { NULL: true }, note: { S: '' } } },
        },
      },
      rating: { N: '8.3' },
      revision: { S: 'abc' },
    });
  });

  test('any movie comes back exactly', () => {
    fc.assert(
      fc.property(movies, (movie) => {
        const stored = { movie, revision: revisionOf(movie) };

        expect(fromItem(toItem(stored))).toEqual(stored);
      }),
    );
  });

  test('any number and any JSON comes back exactly', () => {
    fc.assert(
      fc.property(numbers, (number) => {
        expect(fromAttribute(toAttribute(number))).toBe(number);
      }),
    );
    fc.assert(
      fc.property(json, (value) => {
        expect(fromAttribute(toAttribute(value))).toEqual(value);
      }),
    );
  });

  test.each([
    ['text that is a number', { S: '8.30' }, { rating: 8.3 }],
    ['text that is none', { S: 'great' }, {}],
    ['blank text', { S: ' ' }, {}],
    ['a number', { N: '8.30' }, { rating: 8.3 }],
  ])('a foreign rating that is %s', (_what, rating, info) => {
    const item = { year: { N: '1999' }, title: { S: 'Foreign' }, info: { M: { rating } } };

    const movie = { year: 1999, title: 'Foreign', info };
    expect(fromItem(item)).toEqual({ movie, revision: revisionOf(movie) });
  });

  test('kinds that JSON lacks are read as far as it goes', () => {
    const value = fromAttribute({
      M: {
        ss: { SS: ['a'] },
        ns: { NS: ['1', '2.50'] },
        b: { B: Buffer.from('hi') },
        bs: { BS: [Buffer.from('hi')] },
        huge: { N: '123456789012345678901234567890.12345678' },
      },
    });

    expect(value).toEqual({ ss: ['a'], ns: [1, 2.5], b: 'aGk=', bs: ['aGk='], huge: 1.2345678901234568e29 });
    expect(fromAttribute({ $unknown: ['X', ''] })).toBeNull();
  });

  test.each([
    ['an infinite number', Infinity],
    ['a number too small', 1e-200],
    ['half a surrogate pair', 'x\udc00'],
    ['half a surrogate pair as a name', { '\ud800': 1 }],
    ['an empty name', { a: { '': 1 } }],
    ['32 levels', JSON.parse('['.repeat(32) + ']'.repeat(32)) as []],
  ])('%s is refused', (_what, value) => {
    expect(() => toAttribute(value)).toThrow(InvalidMovie);
  });

  test('31 levels, and the longest title, are fine', () => {
    const deepest = JSON.parse('['.repeat(31) + ']'.repeat(31)) as [];

    expect(fromAttribute(toAttribute(deepest))).toEqual(deepest);
    expect(toItem({ movie: aMovie({ title: 'é'.repeat(512) }), revision: 'r' })['title']).toEqual({
      S: 'é'.repeat(512),
    });
  });

  test.each(['', 'é'.repeat(513), '\ud800'])('the title %j is refused', (title) => {
    expect(() => toItem({ movie: aMovie({ title }), revision: 'r' })).toThrow(InvalidMovie);
  });
});

describe('revisions', () => {
  test('the same content has the same revision, in any order of keys', () => {
    const movie = aMovie({ info: { rank: 1, remarks: { b: 1, a: [2, 1] } } });
    const reordered = { info: { remarks: { a: [2, 1], b: 1 }, rank: 1 }, title: 'Rush', year: 2013 };

    expect(revisionOf(reordered)).toBe(revisionOf(movie));
    expect(revisionOf(movie)).toMatch(/^[\w-]{22}$/);
  });

  test.each([
    { year: 2014 },
    { title: 'rush' },
    { info: {} },
    { info: { rank: 1, remarks: { b: 1, a: [1, 2] } } },
    { info: { rank: '1', remarks: { b: 1, a: [2, 1] } } },
  ])('another content has another revision: %j', (change) => {
    const movie = aMovie({ info: { rank: 1, remarks: { b: 1, a: [2, 1] } } });

    expect(revisionOf({ ...movie, ...change } as typeof movie)).not.toBe(revisionOf(movie));
  });
});
