import { isAbsolute, relative, sep } from 'node:path';

const codes = { bold: 1, red: 31, yellow: 33 } as const;

/** Colours text on a terminal, unless NO_COLOR is set (https://no-color.org); leaves it alone elsewhere. */
export function createPaint(stream: NodeJS.WriteStream) {
  const isColoured = stream.isTTY && !process.env['NO_COLOR'];
  return (style: keyof typeof codes, text: string) =>
    isColoured ? `\u001b[${codes[style]}m${text}\u001b[0m` : text;
}

/** A path as a person here would type it. */
export function shownPath(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return isAbsolute(fromHere) || fromHere.startsWith(`..${sep}`) ? path : fromHere;
}
