import { markdownTable } from '../../lib/markdown-table.ts';
import { isMet, median, worst, type BenchResult, type Claim } from '../result.ts';
import { shown, targetText } from './table.ts';

const nothing = 'Nothing is recorded yet: `make bench ARGS=--record` measures it.';

/** Ratios and limits that have a target first, scenario by scenario, then those without. */
export function claimsTable({ sections }: BenchResult): string {
  if (sections.length === 0) return nothing;
  const claims = sections.flatMap((section) => section.claims);
  const [aimed, others] = [
    claims.filter(({ target }) => target !== undefined),
    claims.filter(({ target }) => target === undefined),
  ];
  return [
    markdownTable(['what ', 'median', 'worst', 'target', 'met '], aimed.map(aimedRow)),
    'Measured beside them, without a target:',
    markdownTable(['what ', 'median', 'worst'], others.map(plainRow)),
  ].join('\n\n');
}

const plainRow = (claim: Claim): string[] => [
  claim.text,
  shown(median(claim.values), claim.unit),
  shown(worst(claim), claim.unit),
];
const aimedRow = (claim: Claim): string[] => [
  ...plainRow(claim),
  targetText(claim),
  isMet(claim) === true ? 'yes' : '**no**',
];

/** What each section measures, and on what. */
export function takenTable({ sections }: BenchResult): string {
  if (sections.length === 0) return nothing;
  return markdownTable(
    ['scenario ', 'what is measured ', 'Node.js', 'starts', 'load by ', 'commit ', 'day '],
    sections.map(({ scenario, measures, taken }) => [
      `\`${scenario}\``,
      measures,
      taken.node,
      String(taken.rounds),
      taken.loadGenerator,
      taken.commit.slice(0, 7),
      taken.at.slice(0, 10),
    ]),
  );
}
