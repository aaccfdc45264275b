import { InexactJson } from './errors.ts';

/** As deep as DynamoDB nests, and the object around it; it also bounds whoever walks through the value. */
const maxDepth = 32;
/** What a double may round: 16 characters of a number and more, and each exponent. */
const mayRound = /[\d.]{16}|e/i;
/** Of a number that is quoted. */
const maxQuoted = 40;

/**
 * JSON, but each number is kept to the digit: one that would not come back as it went in is an `InexactJson`, and so is a
 * name that is given twice in one object, or what nests too deeply. Throws a `SyntaxError` for what is no JSON.
 */
export function parseExactJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  refuseInexact(text);
  return value;
}

/** Whether two texts are the same number: `8.30`, `0.83e1` and `8.3` are. */
export const isSameNumber = (one: string, other: string): boolean => decimal(one) === decimal(other);

const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*|[{}[\],]/g;

interface Level {
  /** Of an object; a list has none. */
  readonly names: Set<string> | undefined;
  /** Where in it the next value is. */
  at: string | number;
  isNameNext: boolean;
}

/** @param json valid JSON */
function refuseInexact(json: string): void {
  const levels: Level[] = [];
  const pointer = () => levels.map(({ at }) => `/${escapePointer(String(at))}`).join('');
  for (const [token] of json.matchAll(tokens)) {
    const level = levels.at(-1);
    if (token === '{' || token === '[') {
      if (levels.length === maxDepth)
        throw new InexactJson(`Objects and lists nest more than ${maxDepth - 2} levels deep.`, pointer());
      levels.push({ names: token === '{' ? new Set() : undefined, at: 0, isNameNext: token === '{' });
    } else if (token === '}' || token === ']') {
      levels.pop();
    } else if (token === ',') {
      if (level === undefined) continue;
      if (level.names === undefined) level.at = Number(level.at) + 1;
      else level.isNameNext = true;
    } else if (token.startsWith('"')) {
      if (level?.isNameNext !== true) continue;
      const name = String(JSON.parse(token));
      level.at = name;
      level.isNameNext = false;
      if (level.names?.has(name) === true)
        throw new InexactJson(
          `The name "${name.slice(0, maxQuoted)}" is given twice in one object.`,
          pointer(),
        );
      level.names?.add(name);
    } else if (mayRound.test(token) && !isSameNumber(token, String(Number(token)))) {
      throw new InexactJson(
        `The number ${token.slice(0, maxQuoted)} can't be kept to the digit: it would become ${Number(token)}. Send it as a text.`,
        pointer(),
      );
    }
  }
}

const escapePointer = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');

/** Sign, digits without zeros around them, and the power of ten of the last one. */
function decimal(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text.trim()) ?? [];
  const digits = whole + fraction;
  // Not by a pattern: to look for zeros at the end takes the square of their number in between.
  let [start, end] = [0, digits.length];
  while (digits[start] === '0') start += 1;
  while (end > start && digits[end - 1] === '0') end -= 1;
  if (start === end) return /\d/.test(text) ? '0' : text;
  const power = BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - end);
  return `${sign === '-' ? '-' : ''}${digits.slice(start, end)}e${power}`;
}

/** JSON as it is sent, and its length in UTF-8. */
export interface JsonText {
  readonly json: string;
  readonly jsonBytes: number;
}

export const measured = (json: string): JsonText => ({ json, jsonBytes: Buffer.byteLength(json) });

export const toJsonText = (value: unknown): JsonText => measured(JSON.stringify(value));
