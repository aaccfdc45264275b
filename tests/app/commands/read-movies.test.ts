import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BadInput, readMovies, Unreadable } from '../../../app/src/commands/load/read-movies.ts';
import { json } from '../../support/arbitraries.ts';

async function read(text: string, chunkBytes = 7): Promise<unknown[]> {
  const bytes = Buffer.from(text);
  async function* chunks() {
    for (let start = 0; start < bytes.length; start += chunkBytes) {
      yield await Promise.resolve(bytes.subarray(start, start + chunkBytes));
    }
  }
  const records: unknown[] = [];
  for await (const record of readMovies(chunks())) records.push(record);
  return records;
}

describe('reading movies', () => {
  test('any array of JSON is read as it was written, wherever its bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(json, { maxLength: 5 }),
        fc.integer({ min: 1, max: 50 }),
        async (records, chunkBytes) => {
          expect(await read(JSON.stringify(records), chunkBytes)).toEqual(records);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('numbers are exact', async () => {
    expect(await read('[{"rating": 8.3, "rank": 9007199254740991, "low": -0.1e-7}]')).toEqual([
      { rating: 8.3, rank: 9007199254740991, low: -0.1e-7 },
    ]);
  });

  test('JSON lines are read, blank ones and Windows ends too, and a broken one costs only itself', async () => {
    const records = await read('\ufeff{"a":1}\r\n\n{oops\n{"ü":"映画"}');

    expect(records).toEqual([{ a: 1 }, expect.any(Unreadable), { ü: '映画' }]);
    expect(records[1]).toMatchObject({ text: '{oops', reason: expect.stringMatching(/^not JSON: /) });
  });

  test('a byte order mark before an array is fine', async () => {
    expect(await read('\ufeff [1]')).toEqual([1]);
  });

  test.each([
    ['nothing', '', 'The input is empty'],
    ['blanks', ' \n ', 'The input is empty'],
    ['a page of HTML', '<html>', 'The input starts with "<"'],
    ['an array that breaks off', '[{"a":1},{"b":', 'The JSON breaks off or is wrong soon after record'],
    ['an array that is wrong', '[{"a":1},{"b" 2}]', 'The JSON breaks off or is wrong soon after record'],
  ])('%s is bad input', async (_what, text, message) => {
    const reading = read(text);

    await expect(reading).rejects.toThrow(BadInput);
    await expect(reading).rejects.toThrow(message);
  });
});
