import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { Misuse, Problem, reasonOf, textOf } from '../problem.ts';
import { decode, type InputRecord, type MovieSource } from './read-movies.ts';

export interface Reject extends InputRecord {
  /** 1 is the first record. */
  readonly position: number;
  readonly reason: string;
}

export interface RejectsFile {
  readonly add: (reject: Reject) => Promise<void>;
  /** Puts what was added in its place; without any, what was there before stays. */
  readonly close: () => Promise<void>;
}

const bufferedCharacters = 64 * 1024;

/**
 * JSON lines of `{ position, line, reason, record }`, each record as it stood in the input, so that they can be mended and
 * loaded. They are written beside their place until the load ends. Rejects with a `Misuse` before anything is written
 * when that can't be, or when it is the input's place.
 */
export async function createRejectsFile(
  path: string,
  input?: Pick<MovieSource, 'name' | 'stats'>,
): Promise<RejectsFile> {
  const there = await stat(path).catch(() => undefined);
  const isSame = there?.isFile() === true && there.ino === input?.stats.ino && there.dev === input.stats.dev;
  if (isSame)
    throw new Misuse(
      `--rejects ${path} is the input itself, ${input.name}.`,
      'Name another file with --rejects.',
    );
  // A device or a pipe, /dev/stdout for instance, can't be replaced.
  const isReplaced = there === undefined || there.isFile();
  const place = await realpath(path).catch(() => path);
  const beside = isReplaced ? `${place}.partial-${process.pid}` : place;
  const failed = (error: unknown) =>
    `--rejects ${path} can't be written: ${reasons[textOf(error, 'code')] ?? reasonOf(error)}.`;
  const file = await open(beside, isReplaced ? 'wx' : 'w').catch((error: unknown) => {
    throw new Misuse(failed(error), 'Name another file with --rejects.', { cause: error });
  });

  let [waiting, isEmpty] = ['', true];
  const write = async () => {
    const text = waiting;
    waiting = '';
    await file.appendFile(text).catch((error: unknown) => {
      throw new Problem(failed(error), 'Make room for it, or name another file, and run this again.', {
        cause: error,
      });
    });
  };
  return {
    async add(reject) {
      isEmpty = false;
      waiting += toLine(reject);
      if (waiting.length > bufferedCharacters) await write();
    },
    async close() {
      try {
        await write();
      } finally {
        await file.close();
        if (isReplaced) await (isEmpty ? rm(beside) : rename(beside, place));
      }
    },
  };
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such folder',
  ENOTDIR: 'there is no such folder',
  EISDIR: 'it is a folder',
  EACCES: 'it may not be written',
  EROFS: 'nothing there may be written',
};

function toLine({ position, line, reason, text, isBase64 = false }: Reject): string {
  const head = `{"position":${position},"line":${line},"reason":${JSON.stringify(reason)}`;
  if (isBase64) return `${head},"base64":"${text}"}\n`;
  if (!isJson(text)) return `${head},"text":${JSON.stringify(text)}}\n`;
  // A line break in JSON is white space: within a text it is written as \n.
  return `${head},"record":${text.replaceAll(/[\r\n]+/g, ' ')}}\n`;
}

const rejected =
  /^\{\s*"position":\s*\d+,\s*"line":\s*\d+,\s*"reason":\s*"(?:[^"\\]|\\.)*",\s*"(record|text|base64)":\s*(.*)\}$/s;

/** The record of a reject, where the input is such a file; any other record as it is. */
export function unwrapReject(record: InputRecord): InputRecord {
  const [, kind, content = ''] = record.text.startsWith('{"position":')
    ? (rejected.exec(record.text) ?? [])
    : [];
  if (kind === 'record') return { ...record, text: content };
  if (kind === undefined || !isJson(content)) return record;
  const text = String(JSON.parse(content));
  return kind === 'text' ? { ...record, text } : { ...record, ...decode(Buffer.from(text, 'base64')) };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
