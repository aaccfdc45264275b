import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readMovies } from '../../../app/src/commands/load/read-movies.ts';
import { Misuse } from '../../../app/src/commands/problem.ts';
import { json } from '../../support/arbitraries.ts';

/** What is read, and what ends the reading: the input comes in small parts, cut anywhere. */
async function read(input: string | Buffer, chunkBytes = 7) {
  const bytes = Buffer.from(input as string);
  async function* chunks() {
    for (let start = 0; start < bytes.length; start += chunkBytes) {
      yield await Promise.resolve(bytes.subarray(start, start + chunkBytes));
    }
  }
  const records: { line: number; text: string; fault?: string }[] = [];
  try {
    for await (const record of readMovies(chunks(), 'x.json')) records.push(record);
  } catch (error) {
    return { records, texts: records.map(({ text }) => text), error };
  }
  return { records, texts: records.map(({ text }) => text), error: undefined };
}
const latin1 = (text: string) => Buffer.from(text, 'latin1');

describe('reading an array', () => {
  test('any JSON comes as it was written, wherever its bytes are cut, compact or over many lines', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(json, { maxLength: 5 }),
        fc.integer({ min: 1, max: 50 }),
        fc.constantFrom(0, 2),
        async (records, chunkBytes, indent) => {
          const { texts, error } = await read(JSON.stringify(records, null, indent), chunkBytes);
          expect(error).toBeUndefined();
          expect(texts.map((text): unknown => JSON.parse(text))).toEqual(records);
        },
      ),
      { numRuns: 60 },
    );
  });

  test.each([
    ['a byte order mark in front', '\ufeff [1]', ['1']],
    ['nothing in it', ' [ ] \n', []],
    ['brackets, quotes and commas within a text', '["a]\\",{",2]', ['"a]\\",{"', '2']],
    ['numbers to the digit', '[9007199254740993,1e400]', ['9007199254740993', '1e400']],
    ['a tab in a text, and what is no JSON', '[{"a":"\t"},NaN,{b:1}]', ['{"a":"\t"}', 'NaN', '{b:1}']],
    ['commas too many', '[1,,2,]', ['1', '', '2', '']],
  ])('%s: each record is told apart', async (_what, text, texts) => {
    expect(await read(text)).toMatchObject({ texts, error: undefined });
  });

  test.each([
    [
      'it ends in a record',
      '[1,2,\n{"a":',
      'line 2 (byte 11), after 2 whole records: it ends in the middle of the record that begins in line 2',
    ],
    [
      'it ends between records',
      '[1,\n2,\n',
      'line 3 (byte 7), after 2 whole records: it ends without the "]"',
    ],
    [
      'a bracket too many',
      '[1,2]\n]',
      'line 2 (byte 7), after 2 whole records: something follows the end of the array',
    ],
    ['a second array', '[1,2][3]', 'line 1 (byte 6), after 2 whole records: something follows'],
    [
      'a wrong bracket',
      '[1,{"a":[2}]',
      'line 1 (byte 11), after 1 whole records: "}" closes what is not open',
    ],
    [
      'a quote too few',
      '[1,{"a":"b},\n{"a":"b"}]',
      'after 1 whole records: it ends in the middle of the record that begins in line 1',
    ],
  ])('%s: what comes before is read, and the place is named', async (_what, text, message) => {
    const { records, error } = await read(text);

    expect(records).toHaveLength(Number(/after (\d)/.exec(message)?.[1]));
    expect(error).toBeInstanceOf(Misuse);
    expect(String(error)).toContain(message);
  });
});

describe('reading lines', () => {
  test('blank ones and Windows ends are fine, a broken one costs only itself, each has its number', async () => {
    const { records } = await read('\ufeff{"a":1}\r\n\n{oops\n{"ü":"映画"}');

    expect(records).toEqual([
      { line: 1, text: '{"a":1}' },
      { line: 3, text: '{oops' },
      { line: 4, text: '{"ü":"映画"}' },
    ]);
  });

  test.each(['\u2028', '\u2029', '\u0085', '\v', '\f', '\r'])(
    'only a line feed ends a line, not %j',
    async (separator) => {
      const line = JSON.stringify({ a: 'x' }).replace('x', separator);

      expect((await read(`{"b":1}\n${line}\n{"b":2}`)).texts).toEqual(['{"b":1}', line, '{"b":2}']);
    },
  );

  test('the byte order mark of a file that was appended is taken away', async () => {
    expect((await read('\ufeff{"a":1}\n\ufeff{"a":2}')).texts).toEqual(['{"a":1}', '{"a":2}']);
  });

  test.each([
    ['a pretty-printed object', JSON.stringify({ movies: [{ a: 1 }, { a: 2 }] }, null, 2)],
    ['a list of objects, one on each line', '{"movies":[\n{"a":1},\n{"a":2}\n]}'],
    ['one movie over many lines', JSON.stringify({ year: 1, info: { genres: ['a', 'b'] } }, null, 1)],
    ['several of them', `${JSON.stringify({ a: [1] }, null, 1)}\n`.repeat(3)],
    [
      'one that is longer than what is looked at',
      JSON.stringify({ movies: Array.from({ length: 70_000 }, (_, n) => ({ n })) }, null, 2),
    ],
  ])('%s is one error, not one for each line', async (_what, text) => {
    const { records, error } = await read(text, 64 * 1024);

    expect(records).toEqual([]);
    expect(error).toMatchObject({ exitCode: 2, message: 'x.json is one object over several lines.' });
  });

  test.each([
    ['cut', '{"year":2001,"ti\n{"a":1}\n{"a":2}'],
    ['cut after a comma', '{"year":2001,\n{"a":1}\n{"a":2}'],
    ['cut in a list', '{"genres":["x",\n{"a":1}\n{"a":2}'],
    ['wrong', '{oops\n{oops\n{oops'],
  ])('a first line that is %s does not hide the others', async (_what, text) => {
    expect((await read(text)).records).toHaveLength(3);
  });
});

test.each([
  ['an array', '[{"a":"\xe9"},{"a":1}]'],
  ['lines', '{"a":"\xe9"}\n{"a":1}'],
])('bytes that are not UTF-8 cost only their record in %s, and are kept', async (_what, text) => {
  const { records } = await read(latin1(text));

  expect(records).toEqual([
    {
      line: 1,
      text: latin1('{"a":"\xe9"}').toString('base64'),
      isBase64: true,
      fault: expect.stringContaining('it is not UTF-8, as its byte 7 shows'),
    },
    { line: records[1]?.line, text: '{"a":1}' },
  ]);
});

test('a record of more than 4 MB is not kept in memory, and the next one is read', async () => {
  const { records } = await read(`[{"a":"${'x'.repeat(5_000_000)}"},{"a":1}]`, 64 * 1024);

  expect(records).toEqual([
    { line: 1, text: '', fault: expect.stringContaining('longer than 4 MB') },
    { line: 1, text: '{"a":1}' },
  ]);
});

test.each([
  ['nothing', '', 'x.json is empty.'],
  ['blanks', ' \n ', 'x.json is empty.'],
  ['a page of HTML', '<html>', 'x.json starts with "<": it is neither a JSON array nor JSON lines.'],
  ['UTF-16', Buffer.from('\ufeff[]', 'utf16le'), 'x.json is in UTF-16, not in UTF-8.'],
])('%s is misuse', async (_what, input, message) => {
  expect((await read(input)).error).toMatchObject({ exitCode: 2, message });
});
