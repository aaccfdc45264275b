import { InvalidMovie } from './errors.ts';

/** What a double may round: 16 characters of a number and more, and each exponent. Text that looks alike costs only time. */
const mayRound = /\d[\d.]{15}|\d[eE]/;

/**
 * JSON, but each number is kept to the digit: one that would not come back as it went in is an `InvalidMovie`.
 * Throws a `SyntaxError` for what is no JSON.
 */
export function parseExactJson(text: string): unknown {
  if (!mayRound.test(text)) return JSON.parse(text);
  const refuseRounding = (_name: string, value: unknown, { source = '' }: { readonly source?: string }) => {
    if (typeof value === 'number' && decimal(source) !== decimal(String(value)))
      throw new InvalidMovie(
        `The number ${source.slice(0, 100)} can't be kept to the digit: it would become ${value}. Send it as a text.`,
      );
    return value;
  };
  // Node.js passes the text of each number; the types of TypeScript don't know it yet.
  return JSON.parse(text, refuseRounding as (name: string, value: unknown) => unknown);
}

/** Whether two texts are the same number: `8.30`, `0.83e1` and `8.3` are. */
export const isSameNumber = (one: string, other: string): boolean => decimal(one) === decimal(other);

/** Sign, digits without zeros around them, and the power of ten of the last one. */
function decimal(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text.trim()) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return /\d/.test(text) ? '0' : text;
  const power = BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - significant.length);
  return `${sign === '-' ? '-' : ''}${significant}e${power}`;
}
