import { createReadStream, fstatSync, openSync, type Stats } from 'node:fs';
import { Misuse, Problem, reasonOf, textOf } from '../problem.ts';
import { counted } from '../terminal.ts';

/** A record as it stands in the input. */
export interface InputRecord {
  /** Where it begins; 1 is the first line. */
  readonly line: number;
  /** In base64 when it is no UTF-8. */
  readonly text: string;
  /** Why it can't be read as JSON at all. */
  readonly fault?: string;
  readonly isBase64?: boolean;
}

export interface MovieSource {
  /** What a person calls it. */
  readonly name: string;
  readonly stats: Stats;
  /** Ends with a `Misuse` where no further record can be found, after everything before it. */
  readonly records: AsyncIterable<InputRecord>;
  /** How much of a file is read, 0 to 1; unknown for a pipe. */
  readonly share: () => number | undefined;
}

/** What no movie comes near, and what is kept in memory of a record. */
const maxRecordBytes = 4 * 1024 * 1024;
const lookAheadBytes = 1024 * 1024;
const [lineFeed, space, quote, backslash, comma] = [0x0a, 0x20, 0x22, 0x5c, 0x2c];
const [openList, closeList, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d];

/** A file, or standard input for `-`. */
export function openMovies(path: string): MovieSource {
  const name = path === '-' ? 'standard input' : path;
  const { handle, stats } = open(path);
  let read = 0;
  async function* chunks(): AsyncGenerator<Buffer> {
    try {
      const stream = createReadStream('', { fd: handle, highWaterMark: 64 * 1024, autoClose: path !== '-' });
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        read += chunk.length;
        yield chunk;
      }
    } catch (error) {
      throw new Problem(`${name} can't be read: ${reasonOf(error)}`, 'Run it again when it can be read.', {
        cause: error,
      });
    }
  }
  return {
    name,
    stats,
    records: readMovies(chunks(), name),
    share: () => (stats.isFile() && stats.size > 0 ? read / stats.size : undefined),
  };
}

function open(path: string): { handle: number; stats: Stats } {
  try {
    const handle = path === '-' ? 0 : openSync(path, 'r');
    const stats = fstatSync(handle);
    if (!stats.isDirectory()) return { handle, stats };
  } catch (error) {
    const reasons: Record<string, string> = { ENOENT: 'There is no such file', EACCES: 'It may not be read' };
    const reason = reasons[textOf(error, 'code')] ?? reasonOf(error);
    throw new Misuse(`${path} can't be opened: ${reason}.`, 'Name the input with --file.', { cause: error });
  }
  throw new Misuse(`${path} is a directory.`, 'Name a file with --file.');
}

/** A JSON array, or JSON lines, one record at a time. */
export async function* readMovies(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<InputRecord> {
  const input = lookAhead(chunks);
  const first = (await input.until((bytes) => textOfStart(bytes).trim() !== '')).trimStart().slice(0, 1);
  if (first === '[') {
    yield* readArray(input.all(), name);
    return;
  }
  if (first !== '{') throw new Misuse(describeStart(name, input.start()), howToWrite);
  const [line = ''] = (await input.until((bytes) => bytes.includes(lineFeed))).trimStart().split('\n');
  if (!isWholeObject(line) && isOneObjectOverLines(await input.until(() => false)))
    throw new Misuse(`${name} is one object over several lines.`, `${howToWrite} \`jq -c\` writes lines.`);
  yield* readLines(input.all());
}

const howToWrite = 'Give a JSON array of movies, or JSON lines: one movie on each line.';

function describeStart(name: string, start: Buffer): string {
  if (start.length === 0 || textOfStart(start).trim() === '') return `${name} is empty.`;
  if (['fffe', 'feff'].includes(start.toString('hex', 0, 2))) return `${name} is in UTF-16, not in UTF-8.`;
  const first = textOfStart(start).trimStart().slice(0, 1);
  return `${name} starts with ${JSON.stringify(first)}: it is neither a JSON array nor JSON lines.`;
}

/**
 * Whether what begins on the first line goes on in the next ones, rather than being a broken line in front of others. It
 * does unless the second line can't continue it, or an object stands on a line alone where nothing contains it.
 */
function isOneObjectOverLines(text: string): boolean {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const [first = '', second] = lines;
  if (second === undefined) return false;
  const standsAlone = (line: string, index: number) =>
    index > 0 && isWholeObject(line) && !/[,[{:]$/.test(lines[index - 1] ?? '');
  if (lines.some(standsAlone)) return false;
  const isListOpen = first.split('[').length > first.split(']').length;
  return !second.startsWith('{') || /[[:]$/.test(first) || (first.endsWith(',') && isListOpen);
}

function isWholeObject(line: string): boolean {
  try {
    return line.startsWith('{') && JSON.parse(line) !== null;
  } catch {
    return false;
  }
}

async function* readLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<InputRecord> {
  const record = createCollector();
  let line = 1;
  for await (const chunk of chunks) {
    let from = 0;
    // Only a line feed ends a line of JSON: a text may hold every other separator as it is.
    for (let at = chunk.indexOf(lineFeed); at >= 0; at = chunk.indexOf(lineFeed, from)) {
      record.add(chunk.subarray(from, at));
      const found = record.take(line);
      if (found.text !== '' || found.fault !== undefined) yield found;
      line += 1;
      from = at + 1;
    }
    record.add(chunk.subarray(from));
  }
  const last = record.take(line);
  if (last.text !== '' || last.fault !== undefined) yield last;
}

/** Finds where each element of the array begins and ends. What is wrong within one is for the parser to say. */
async function* readArray(chunks: AsyncIterable<Buffer>, name: string): AsyncGenerator<InputRecord> {
  const record = createCollector();
  /** The brackets that close what is open, the innermost last; the array's own is the first. */
  const closing: number[] = [];
  let [line, byte, found, beginsIn] = [1, 0, 0, 0];
  let [isText, isEscaped, isOver] = [false, false, false];
  const broken = (what: string) =>
    new Misuse(
      `${name} is broken in line ${counted(line)} (byte ${counted(byte)}), after ${counted(found)} whole records: ${what}.`,
      'Everything before is read, and nothing after it. Mend it there and run this again.',
    );

  for await (const chunk of chunks) {
    let from = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const code = chunk[at] ?? 0;
      byte += 1;
      if (code === lineFeed) line += 1;
      if (isText) {
        if (isEscaped) isEscaped = false;
        else if (code === backslash) isEscaped = true;
        else if (code === quote) isText = false;
      } else if (code > space) {
        if (isOver) throw broken('something follows the end of the array');
        const isBetween = closing.length === 1 && (code === comma || code === closeList);
        if (isBetween && (beginsIn > 0 || found > 0 || code === comma)) {
          record.add(chunk.subarray(from, at));
          found += 1;
          yield record.take(beginsIn || line);
        }
        if (closing.length === 0 || isBetween) [from, beginsIn] = [at + 1, 0];
        else if (beginsIn === 0) beginsIn = line;
        if (code === quote) isText = true;
        else if (code === openList) closing.push(closeList);
        else if (code === openObject) closing.push(closeObject);
        else if ((code === closeList || code === closeObject) && closing.pop() !== code)
          throw broken(`"${String.fromCharCode(code)}" closes what is not open`);
        isOver = closing.length === 0 && code === closeList;
      }
    }
    if (closing.length > 0) record.add(chunk.subarray(from));
  }
  if (isOver) return;
  throw broken(
    beginsIn === 0
      ? 'it ends without the "]" of the array'
      : `it ends in the middle of the record that begins in line ${counted(beginsIn)}`,
  );
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The bytes of one record, from one chunk or from several. */
function createCollector() {
  let pieces: Buffer[] = [];
  let length = 0;
  return {
    add(bytes: Buffer): void {
      length += bytes.length;
      if (length <= maxRecordBytes) pieces.push(bytes);
    },
    /** All that was added, and begins anew. */
    take(line: number): InputRecord {
      const [bytes, isTooLong] = [Buffer.concat(pieces), length > maxRecordBytes];
      [pieces, length] = [[], 0];
      return isTooLong
        ? { line, text: '', fault: 'it is longer than 4 MB, which no movie is' }
        : { line, ...decode(withoutMark(bytes)) };
    },
  };
}

/** The text of bytes; where they are none, they are kept in base64. */
export function decode(bytes: Buffer): Omit<InputRecord, 'line'> {
  try {
    return { text: decoder.decode(bytes).trim() };
  } catch {
    const good = Buffer.from(bytes.toString()).findIndex((code, index) => code !== bytes[index]);
    const fault = `it is not UTF-8, as its byte ${good + 1} shows: convert it with iconv from what it is`;
    return { text: bytes.toString('base64'), isBase64: true, fault };
  }
}

/** Reads until enough is there to decide what the input is, and gives all of it from the start. */
function lookAhead(chunks: AsyncIterable<Uint8Array>) {
  const rest = chunks[Symbol.asyncIterator]();
  let start: Buffer = Buffer.alloc(0);
  let isAtEnd = false;
  return {
    start: () => start,
    async until(isEnough: (bytes: Buffer) => boolean): Promise<string> {
      while (!isAtEnd && start.length < lookAheadBytes && !isEnough(start)) {
        const next = await rest.next();
        isAtEnd = next.done === true;
        if (next.done !== true) start = Buffer.concat([start, next.value]);
      }
      return textOfStart(start);
    },
    async *all(): AsyncGenerator<Buffer> {
      yield start;
      start = Buffer.alloc(0);
      for (let next = await rest.next(); next.done !== true; next = await rest.next())
        yield Buffer.from(next.value.buffer, next.value.byteOffset, next.value.length);
    },
  };
}

const byteOrderMark = Buffer.from('\ufeff');
const withoutMark = (bytes: Buffer) =>
  bytes.subarray(0, 3).equals(byteOrderMark) ? bytes.subarray(3) : bytes;
/** Only brackets, quotes and white space are looked for: they are the same in every encoding that a record may have. */
const textOfStart = (bytes: Buffer) => withoutMark(bytes).toString('latin1');
