import type { Played, Scenario } from './scenario.ts';

export interface Told {
  readonly scenario: Pick<Scenario, 'id' | 'title'>;
  readonly played: Played;
  readonly seconds: number;
}

/** The whole run as Markdown: each scenario with its outcome, what was seen, and the time of each step. */
export function describeRun(told: readonly Told[]): string {
  return ['# The pipeline, run on this machine', '', ...told.flatMap(describe)].join('\n');
}

function describe({ scenario, played, seconds }: Told): readonly string[] {
  const { steps, facts, faults } = played;
  const failed = faults.length > 0 ? 'FAILED' : 'holds';
  return [
    `## ${scenario.id}: ${scenario.title}`,
    '',
    `**${failed}**, ${duration(seconds)}`,
    '',
    ...[...facts, ...faults].map((line) => `- ${line}`),
    '',
    '| step | outcome | time | line that failed |',
    '|---|---|---|---|',
    ...steps.map(
      ({ name, outcome, seconds: took, line = '' }) =>
        `| ${name} | ${outcome} | ${took === 0 ? '' : duration(took)} | ${line === '' ? '' : `\`${line}\``} |`,
    ),
    '',
  ];
}

/** The same for a terminal. */
export function describeTable(told: readonly Told[]): string {
  const rows = told.flatMap(({ scenario, played, seconds }) => [
    [played.faults.length > 0 ? 'FAILED' : 'holds', `${scenario.id}: ${scenario.title}`, duration(seconds)],
    ...played.steps.map(({ name, outcome, seconds: took }) => [
      '',
      `  ${name}: ${outcome}`,
      took === 0 ? '' : duration(took),
    ]),
    ...[...played.facts, ...played.faults].map((line) => ['', `    ${line}`, '']),
  ]);
  return rows
    .map(([mark = '', text = '', time = '']) => `${mark.padEnd(7)}${time.padStart(8)}  ${text}`)
    .join('\n');
}

const duration = (seconds: number): string =>
  seconds < 60
    ? `${seconds.toFixed(0)} s`
    : `${Math.floor(seconds / 60)} min ${String(Math.round(seconds % 60)).padStart(2, '0')} s`;
