import fc from 'fast-check';
import type { Json } from '../../app/src/dynamo/attribute-value.ts';
import type { Movie } from '../../app/src/movies/movie.ts';

const surrogates = { from: 0xd800, count: 0x800 };

/** What fast-check calls 'binary', by arithmetic: it lists all 1,112,064 in a map first, a second of processor in each file. */
const codePoints = fc.nat(0x10ffff - surrogates.count).map(
  (index) => String.fromCodePoint(index < surrogates.from ? index : index + surrogates.count),
  (text) => {
    const [character, ...more] = typeof text === 'string' ? Array.from(text) : [];
    if (character === undefined || more.length > 0) throw new Error('not one code point');
    const codePoint = character.codePointAt(0) ?? 0;
    return codePoint < surrogates.from ? codePoint : codePoint - surrogates.count;
  },
);

/** Well-formed text of all of Unicode, empty included. */
export const texts = fc.string({ unit: codePoints, maxLength: 40 });

/** Numbers that a DynamoDB table can hold; -0 is 0 there. */
export const numbers = fc
  .oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }))
  .filter((number) => number === 0 || (Math.abs(number) > 1e-129 && Math.abs(number) < 1e125))
  .map((number) => (number === 0 ? 0 : number));

export const titles = fc
  .oneof(
    fc.string({ unit: codePoints, minLength: 1, maxLength: 80 }),
    fc.constantFrom('.', '..', '../a', 'a/b', '%2F', '300', '\'"'),
  )
  .filter((title) => Buffer.byteLength(title) <= 1024);

export const years = fc.integer({ min: 1870, max: 2200 });

/** DynamoDB wants at least one character; one name is refused, because it means more than itself (tests/app/abuse). */
const attributeNames = fc.string({ minLength: 1, maxLength: 12 }).filter((name) => name !== '__proto__');

export const json = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    ...[texts, numbers, fc.boolean(), fc.constant(null)],
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(attributeNames, tie('value'), {
      maxKeys: 4,
      noNullPrototype: true,
    }),
  ),
})).value;

/** Any movie that can be stored: real attributes, others, none. */
export const movies: fc.Arbitrary<Movie> = fc.record({
  year: years,
  title: titles,
  info: fc
    .record(
      {
        rating: fc.double({ min: 0, max: 10, noNaN: true }).map((rating) => Math.round(rating * 10) / 10),
        plot: texts,
        rank: fc.nat(),
        genres: fc.array(texts, { maxLength: 3 }),
        remarks: json,
      },
      { requiredKeys: [], noNullPrototype: true },
    )
    .map((info) => info as Movie['info']),
});
