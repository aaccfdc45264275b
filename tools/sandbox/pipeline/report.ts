import type { Played, Scenario } from './scenario.ts';
import { timesOf } from './times.ts';

export interface Told {
  readonly scenario: Pick<Scenario, 'id' | 'title' | 'isWholePipeline'>;
  readonly played: Played;
  readonly seconds: number;
  /** Whether the steps of a `parallel` ran one after another. */
  readonly oneByOne?: boolean;
}

/** The whole run as Markdown: each scenario with its outcome, what was seen, and the time of each step. */
export function describeRun(told: readonly Told[]): string {
  return ['# The pipeline, run on this machine', '', ...told.flatMap(describe)].join('\n');
}

function describe(told: Told): readonly string[] {
  const { scenario, played, seconds } = told;
  const { steps, facts, faults } = played;
  const failed = faults.length > 0 ? 'FAILED' : 'holds';
  return [
    `## ${scenario.id}: ${scenario.title}`,
    '',
    `**${failed}**, ${duration(seconds)}`,
    '',
    ...[...facts, ...faults, ...describeTimes(told)].map((line) => `- ${line}`),
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
  const rows = told.flatMap((one) => rowsOf(one));
  return rows
    .map(([mark = '', text = '', time = '']) => `${mark.padEnd(7)}${time.padStart(8)}  ${text}`)
    .join('\n');
}

function rowsOf(told: Told): readonly (readonly string[])[] {
  const { scenario, played, seconds } = told;
  return [
    [played.faults.length > 0 ? 'FAILED' : 'holds', `${scenario.id}: ${scenario.title}`, duration(seconds)],
    ...played.steps.map(({ name, outcome, seconds: took }) => [
      '',
      `  ${name}: ${outcome}`,
      took === 0 ? '' : duration(took),
    ]),
    ...[...played.facts, ...played.faults, ...describeTimes(told)].map((line) => ['', `    ${line}`, '']),
  ];
}

/** As Bitbucket would take it, whose steps have machines of their own; what it needs to start them comes on top. */
function describeTimes({ scenario, played, oneByOne = false }: Told): readonly string[] {
  const times = oneByOne && scenario.isWholePipeline === true ? timesOf(played.steps) : undefined;
  if (times === undefined) return [];
  const { sumOfChecks, longestCheck, commitToEnd } = times;
  return [
    `checks one by one: ${duration(sumOfChecks)}; side by side, each with cores of its own (a pull request): ${duration(longestCheck.seconds)}, as "${longestCheck.name}"`,
    commitToEnd === undefined
      ? 'from the commit to prod: not measured, for not every step ran and passed'
      : `from the commit to prod, with the checks side by side: ${duration(commitToEnd)}`,
  ];
}

function duration(exactly: number): string {
  const seconds = Math.round(exactly);
  return seconds < 60
    ? `${seconds} s`
    : `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}
