import type { Played, Scenario } from './scenarios.ts';

export interface Told {
  readonly scenario: Pick<Scenario, 'id' | 'title'>;
  readonly played: Played;
  readonly seconds: number;
}

/** The whole run as Markdown: each scenario with its outcome, what was seen, and the time of each step. */
export const describeRun = (told: readonly Told[]): string =>
  ['# The pipeline, run on this machine', '', ...told.flatMap(describe)].join('\n');

function describe({ scenario, played: { steps, facts, faults }, seconds }: Told): readonly string[] {
  return [
    `## ${scenario.id}: ${scenario.title}`,
    '',
    `**${verdictOf(faults)}**, ${duration(seconds)}`,
    '',
    ...[...facts, ...faults].map((line) => `- ${line}`),
    '',
    '| step | outcome | time | line that failed |',
    '|---|---|---|---|',
    ...steps.map(({ name, outcome, seconds: took, line }) => {
      const [time, failed] = [took === 0 ? '' : duration(took), line === undefined ? '' : `\`${line}\``];
      return `| ${name} | ${outcome} | ${time} | ${failed} |`;
    }),
    '',
  ];
}

/** The same for a terminal. */
export function describeTable(told: readonly Told[]): string {
  const row = (mark: string, took: number, text: string): string =>
    `${mark.padEnd(7)}${(took === 0 ? '' : duration(took)).padStart(8)}  ${text}`;
  return told
    .flatMap(({ scenario: { id, title }, played: { steps, facts, faults }, seconds }) => [
      row(verdictOf(faults), seconds, `${id}: ${title}`),
      ...steps.map(({ name, outcome, seconds: took }) => row('', took, `  ${name}: ${outcome}`)),
      ...[...facts, ...faults].map((line) => row('', 0, `    ${line}`)),
    ])
    .join('\n');
}

const verdictOf = (faults: readonly string[]): string => (faults.length > 0 ? 'FAILED' : 'holds');

function duration(exactly: number): string {
  const seconds = Math.round(exactly);
  const rest = String(seconds % 60).padStart(2, '0');
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${rest} s`;
}
