/** Columns whose titles end with a space are aligned left, the others right. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.trim()).join(' | ')} |`;
  return [
    line(head),
    `|${head.map((title) => (title.endsWith(' ') ? '---' : '---:')).join('|')}|`,
    ...rows.map(line),
  ].join('\n');
}

/**
 * Puts generated text between `<!-- name -->` and `<!-- /name -->` of a page. Throws when the page has no such place: what
 * is generated must not get lost in silence.
 */
export function replaceBlock(page: string, name: string, content: string): string {
  const [start, end] = [`<!-- ${name} -->\n`, `<!-- /${name} -->`];
  const [from, to] = [page.indexOf(start), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`The page has no place for "${name}".`);
  return `${page.slice(0, from + start.length)}\n${content.trim()}\n\n${page.slice(to)}`;
}
