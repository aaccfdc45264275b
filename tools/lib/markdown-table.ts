/** Columns whose titles end with a space are aligned left, the others right. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.trim()).join(' | ')} |`;
  return [
    line(head),
    `|${head.map((title) => (title.endsWith(' ') ? '---' : '---:')).join('|')}|`,
    ...rows.map(line),
  ].join('\n');
}
