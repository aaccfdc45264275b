import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { InvalidMovie } from '../../../app/src/movies/errors.ts';
import { isSameNumber, parseExactJson } from '../../../app/src/movies/exact-json.ts';

describe('JSON whose numbers are kept to the digit', () => {
  test.each([
    '8.3',
    '8.30',
    '83e-1',
    '-0.0',
    '1e22',
    '0.1',
    '9007199254740992',
    '1.7976931348623157e308',
    '100000000000000000000',
  ])('takes %s', (number) => {
    expect(parseExactJson(`{"info":[${number}]}`)).toEqual({ info: [Number(number)] });
  });

  test.each([
    '9007199254740993',
    '12345678901234567890123',
    '0.10000000000000000555',
    '1e400',
    '1e-400',
    '-1e999999999999999999999',
  ])('refuses %s and says what it would become', (number) => {
    expect(() => parseExactJson(`{"info":[${number}]}`)).toThrow(
      new InvalidMovie(
        `The number ${number} can't be kept to the digit: it would become ${Number(number)}. Send it as a text.`,
      ),
    );
  });

  test('whatever JSON.stringify writes is taken and is the same', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        expect(parseExactJson(json)).toEqual(JSON.parse(json));
      }),
    );
  });

  test('digits within a text are no number, and a fault of the syntax stays one', () => {
    expect(parseExactJson('["9007199254740993"]')).toEqual(['9007199254740993']);
    expect(() => parseExactJson('[1e5,]')).toThrow(SyntaxError);
  });
});

test.each([
  ['8.30', '8.3', true],
  ['0', '-0.0e7', true],
  ['1E+2', '100', true],
  ['9007199254740993', '9007199254740992', false],
  ['-1', '1', false],
])('whether %s and %s are the same number: %p', (one, other, same) => {
  expect(isSameNumber(one, other)).toBe(same);
});
