import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createCursors, maxCursorLength } from '../../../app/src/movies/cursor.ts';
import { InvalidCursor } from '../../../app/src/movies/errors.ts';
import type { MovieFilter, Position } from '../../../app/src/movies/movie.ts';
import { titles, years } from '../../support/arbitraries.ts';

const oldSecret = 'o'.repeat(32);
const newSecret = 'n'.repeat(32);
const cursors = createCursors([newSecret, oldSecret]);
const filter: MovieFilter = { year: 2013, genre: 'Drama' };
const position: Position = { year: '2013', title: 'Rush', rating: '7.12345678901234567890123' };

const positions: fc.Arbitrary<Position> = fc.record({ year: years.map(String), title: titles });
const filters: fc.Arbitrary<MovieFilter> = fc.record(
  { year: years, genre: titles, titlePrefix: titles, sort: fc.constant('rating' as const) },
  { requiredKeys: [], noNullPrototype: true },
);

/** What becomes of a cursor that comes with a query: a sentence, so that a failure says what was wrong. */
const fateOf = (cursor: string, query: MovieFilter): string => {
  try {
    const { title } = cursors.decode(cursor, query);
    return `the cursor "${cursor}" is taken for the query ${JSON.stringify(query)}, which never gave it out: it goes on behind "${title}" (see decode in app/src/movies/cursor.ts)`;
  } catch (error) {
    return error instanceof InvalidCursor ? 'refused' : `it ends in ${String(error)} instead of a refusal`;
  }
};

describe('cursors', () => {
  test('any position comes back exactly, for its own filter, whatever the order of its parts', () => {
    fc.assert(
      fc.property(positions, filters, (anyPosition, anyFilter) => {
        const cursor = cursors.encode(anyPosition, anyFilter);
        const reordered = Object.fromEntries(Object.entries(anyFilter).reverse());

        expect(cursor).toMatch(/^[\w-]+$/);
        expect(cursors.decode(cursor, reordered)).toEqual(anyPosition);
      }),
    );
    expect(cursors.decode(cursors.encode(position, filter), filter)).toEqual(position);
  });

  test('a cursor of another filter is refused', () => {
    fc.assert(
      fc.property(filters, filters, (mine, other) => {
        fc.pre(JSON.stringify(Object.entries(mine).sort()) !== JSON.stringify(Object.entries(other).sort()));

        expect(fateOf(cursors.encode(position, mine), other)).toBe('refused');
      }),
    );
  });

  test('whatever character is changed, the cursor is refused', () => {
    const cursor = cursors.encode(position, filter);
    fc.assert(
      fc.property(
        fc.nat(cursor.length - 1),
        fc.constantFrom('A', 'a', '0', '_', '-', '=', '+', '/', ' ', 'é'),
        (at, character) => {
          fc.pre(cursor[at] !== character);
          const changed = cursor.slice(0, at) + character + cursor.slice(at + 1);

          expect(fateOf(changed, filter)).toBe('refused');
        },
      ),
      { numRuns: 500 },
    );
  });

  test('any text that nobody here has signed is refused', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String(), fc.constant('AQ')), (text) => {
        expect(fateOf(text, filter)).toBe('refused');
      }),
    );
  });

  test('after a rotation old cursors still verify, and new ones are signed with the new secret', () => {
    const before = createCursors([oldSecret]);
    const after = createCursors([newSecret]);

    expect(cursors.decode(before.encode(position, filter), filter)).toEqual(position);
    expect(after.decode(cursors.encode(position, filter), filter)).toEqual(position);
    expect(() => after.decode(before.encode(position, filter), filter)).toThrow(InvalidCursor);
  });

  test('the longest position fits', () => {
    const longest = { year: '2013', title: '\u0001'.repeat(1024), rating: '7.5' };

    const cursor = cursors.encode(longest, filter);

    expect(cursor.length).toBeLessThanOrEqual(maxCursorLength);
    expect(cursors.decode(cursor, filter)).toEqual(longest);
  });
});
