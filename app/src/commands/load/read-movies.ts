import { createReadStream, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { streamArray } from 'stream-json/streamers/stream-array.js';

/** A line that is no JSON: one record is lost, the next ones can still be read. */
export class Unreadable {
  readonly reason: string;
  readonly text: string;

  constructor(reason: string, text: string) {
    this.reason = reason;
    this.text = text;
  }
}

/** The input as a whole can't be read any further. */
export class BadInput extends Error {}

export interface MovieSource {
  readonly records: AsyncIterable<unknown>;
  /** Unknown for a pipe. */
  readonly totalBytes?: number;
  readonly bytesRead: () => number;
}

/** A file, or standard input for `-`. Throws the system's error when it can't be opened. */
export function openMovies(path: string): MovieSource {
  if (path === '-') return sourceOf(process.stdin);
  const { size } = statSync(path);
  return sourceOf(createReadStream(path, { highWaterMark: 64 * 1024 }), size);
}

function sourceOf(stream: Readable, totalBytes?: number): MovieSource {
  let bytesRead = 0;
  async function* counted(): AsyncGenerator<Buffer> {
    for await (const chunk of stream) {
      const bytes = Buffer.from(chunk as Uint8Array);
      bytesRead += bytes.length;
      yield bytes;
    }
  }
  return {
    records: readMovies(counted()),
    bytesRead: () => bytesRead,
    ...(totalBytes === undefined ? {} : { totalBytes }),
  };
}

/** A JSON array, or JSON lines, one record at a time. Throws `BadInput` where it stops being JSON. */
export async function* readMovies(chunks: AsyncIterable<Buffer>): AsyncGenerator {
  const iterator = chunks[Symbol.asyncIterator]();
  let start = Buffer.alloc(0);
  while (firstCharacter(start) === '') {
    const next = await iterator.next();
    if (next.done === true)
      throw new BadInput('The input is empty. It must be a JSON array of movies, or one per line.');
    start = Buffer.concat([start, next.value]);
  }
  const input = Readable.from(continued(withoutMark(start), iterator));
  const first = firstCharacter(start);
  if (first === '[') yield* readArray(input);
  else if (first === '{') yield* readLines(input);
  else
    throw new BadInput(
      `The input starts with ${JSON.stringify(first)}: it is neither a JSON array nor JSON lines.`,
    );
}

async function* readArray(input: Readable): AsyncGenerator {
  const elements = streamArray.withParserAsStream();
  input.on('error', (error) => elements.destroy(error)).pipe(elements);
  let read = 0;
  try {
    for await (const element of elements) {
      read += 1;
      yield (element as { value: unknown }).value;
    }
  } catch (error) {
    if (error instanceof BadInput) throw error;
    const cause = error instanceof Error ? error.message : String(error);
    throw new BadInput(`The JSON breaks off or is wrong soon after record ${read}: ${cause}`, {
      cause: error,
    });
  }
}

async function* readLines(input: Readable): AsyncGenerator {
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    if (line.trim() === '') continue;
    yield parseLine(line);
  }
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    return new Unreadable(
      `not JSON: ${error instanceof Error ? error.message : String(error)}`,
      line.slice(0, 1_000),
    );
  }
}

async function* continued(start: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield start;
  yield* { [Symbol.asyncIterator]: () => rest };
}

const byteOrderMark = '\ufeff';
const firstCharacter = (start: Buffer) => start.toString().replace(byteOrderMark, '').trimStart().slice(0, 1);
const withoutMark = (start: Buffer) =>
  start.toString('utf8', 0, 3) === byteOrderMark ? start.subarray(3) : start;
