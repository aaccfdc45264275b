const upperHalf = Uint8Array.from({ length: 128 }, (_, index) => index + 128);
const macCharacters = Array.from(new TextDecoder('macintosh').decode(upperHalf));

// Spelled out, because Node.js 20 decodes windows-1252 as Latin-1 (nodejs/node#56542).
const windowsOnly = Array.from('€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ');
const windowsCharacters = Array.from(
  upperHalf,
  (byte) => windowsOnly[byte - 128] ?? String.fromCharCode(byte),
);

const meant = new Map(
  macCharacters.map((character, index) => [character, windowsCharacters[index] ?? character]),
);

const isAscii = (character: string) => character <= '\u007f';

/**
 * Undoes one known accident: text written as Windows-1252 and read as Mac Roman (`AmÈlie` for `Amélie`). A text with a
 * character that Mac Roman doesn't have can't have had it and stays as it is.
 */
export function repairText(text: string): string {
  const characters = Array.from(text);
  if (!characters.every((character) => isAscii(character) || meant.has(character))) return text;
  return characters
    .map((character) => (isAscii(character) ? character : (meant.get(character) ?? character)))
    .join('');
}
