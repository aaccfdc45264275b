import type { Finding, VegaImport } from './vega-movies.ts';

/** What became of the records, in a few lines: counts, and for each kind of repair one example. */
export function reportImport({ movies, dropped, repaired }: VegaImport, source: string): string[] {
  const total = movies.length + dropped.length;
  const without = (name: string) => movies.filter(({ info }) => !Object.hasOwn(info, name)).length;
  return [
    `${source}: ${number(total)} records, ${number(movies.length)} movies`,
    ...summarise(dropped).map(({ what, count }) => `  ${number(count)} dropped: ${what}`),
    ...summarise(repaired).map(
      ({ what, count, example }) =>
        `  ${number(count)} repaired: ${what} (${example.from ?? ''} → ${example.to ?? ''})`,
    ),
    `  unknown and left out: ${number(without('directors'))} directors, ${number(without('genres'))} genres, ${number(without('rating'))} ratings`,
  ];
}

/** Every finding as a line of JSON: position, what happened, and the record as it was. */
export function findingLines({ dropped, repaired }: VegaImport): string {
  const lines = [
    ...dropped.map((finding) => ({ outcome: 'dropped', ...finding })),
    ...repaired.map((finding) => ({ outcome: 'repaired', ...finding })),
  ];
  return lines
    .sort((a, b) => a.position - b.position)
    .map((line) => `${JSON.stringify(line)}\n`)
    .join('');
}

const number = (value: number) => value.toLocaleString('en');

function summarise(findings: readonly Finding[]): { what: string; count: number; example: Finding }[] {
  const kinds = new Map<string, { what: string; count: number; example: Finding }>();
  for (const finding of findings) {
    const { count, example } = kinds.get(finding.what) ?? { count: 0, example: finding };
    kinds.set(finding.what, { what: finding.what, count: count + 1, example });
  }
  return [...kinds.values()];
}
