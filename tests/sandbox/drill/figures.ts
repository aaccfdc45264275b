import type { Outcome } from '../../../tools/sandbox/deployment/load.ts';

/** Figures of the requests that were due in one stretch of time. Latencies in ms. */
export interface Figures {
  readonly requests: number;
  readonly failed: number;
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
  /** How often each failure was seen, by status or error. */
  readonly failures: Readonly<Record<string, number>>;
}

/** A drill is about being served: 4xx of a valid request is a failure, too. */
export const isFailed = ({ status }: Outcome): boolean => status === undefined || status >= 400;

export const between = (outcomes: readonly Outcome[], from: number, to: number): readonly Outcome[] =>
  outcomes.filter(({ dueAt }) => dueAt >= from && dueAt < to);

export function figuresOf(outcomes: readonly Outcome[]): Figures {
  const failed = outcomes.filter(isFailed);
  const latencies = outcomes.map(({ tookMs }) => tookMs).sort((one, other) => one - other);
  const failures: Record<string, number> = {};
  for (const { status, error } of failed) {
    const name = String(status ?? error);
    failures[name] = (failures[name] ?? 0) + 1;
  }
  return {
    requests: outcomes.length,
    failed: failed.length,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    longest: latencies.at(-1) ?? 0,
    failures,
  };
}

/** Nearest rank; 0 of nothing. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}

/** When the last request was due that failed or took longer than `slowMs`, after `since`. `since` when there was none. */
export function lastBadAfter(outcomes: readonly Outcome[], since: number, slowMs: number): number {
  const bad = outcomes.filter((one) => one.dueAt >= since && (isFailed(one) || one.tookMs > slowMs));
  return Math.max(since, ...bad.map(({ dueAt }) => dueAt));
}

export interface Mark {
  readonly at: number;
  readonly label: string;
}

const width = 860;
const height = 300;
const frame = { left: 56, right: 76, top: 44, bottom: 40 };
const plot = { width: width - frame.left - frame.right, height: height - frame.top - frame.bottom };
const colours = { answered: '#9ecae1', failed: '#d7301f', latency: '#252525', mark: '#636363' };
const secondMs = 1_000;

/** Requests of each second, answered and failed, with their p99 as a line, as the text of an SVG file. Times in ms. */
export function drawChart(title: string, outcomes: readonly Outcome[], marks: readonly Mark[]): string {
  const seconds = Math.floor(Math.max(0, ...outcomes.map(({ dueAt }) => dueAt)) / secondMs) + 1;
  const stretches = Array.from({ length: seconds }, (_, second) =>
    figuresOf(between(outcomes, second * secondMs, (second + 1) * secondMs)),
  );
  const mostRequests = Math.max(1, ...stretches.map(({ requests }) => requests));
  const longest = Math.max(1, ...stretches.map(({ p99 }) => p99));
  const x = (ms: number) => frame.left + (ms / (seconds * secondMs)) * plot.width;
  const y = (share: number) => frame.top + plot.height * (1 - share);
  // A gap between them, unless it would eat them up.
  const barWidth = Math.max(plot.width / seconds - 1, (plot.width / seconds) * 0.8);
  const box = (second: number, from: number, to: number, fill: string) =>
    `<rect x="${round(x(second * secondMs))}" y="${round(y(to / mostRequests))}" width="${round(barWidth)}" height="${round(((to - from) / mostRequests) * plot.height)}" fill="${fill}"/>`;

  const bars = stretches.flatMap(({ requests, failed }, second) => [
    box(second, 0, requests - failed, colours.answered),
    ...(failed === 0 ? [] : [box(second, requests - failed, requests, colours.failed)]),
  ]);
  const line = stretches.map(
    ({ p99 }, second) => `${round(x((second + 0.5) * secondMs))},${round(y(p99 / longest))}`,
  );
  const lines = marks.map(
    ({ at, label }, index) =>
      `<line x1="${round(x(at))}" x2="${round(x(at))}" y1="${frame.top}" y2="${frame.top + plot.height}" stroke="${colours.mark}" stroke-dasharray="4 3"/>` +
      // Towards the middle, so that none is cut off.
      (x(at) < width / 2
        ? text(x(at) + 4, frame.top + 12 + 14 * index, label, 'start')
        : text(x(at) - 4, frame.top + 12 + 14 * index, label, 'end')),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" role="img">`,
    `<title>${escape(title)}</title><rect width="100%" height="100%" fill="#fff"/>`,
    text(frame.left, 20, title, 'start'),
    ...bars,
    `<polyline points="${line.join(' ')}" fill="none" stroke="${colours.latency}" stroke-width="1.5"/>`,
    ...lines,
    text(frame.left - 6, frame.top + 10, `${mostRequests}/s`, 'end'),
    text(frame.left - 6, frame.top + plot.height, '0', 'end'),
    text(width - frame.right + 6, frame.top + 10, `${Math.round(longest)} ms`, 'start'),
    text(frame.left, height - 12, '0 s', 'start'),
    text(width - frame.right, height - 12, `${seconds} s`, 'end'),
    text(width / 2, height - 12, 'bars: requests, red ones failed · line: p99', 'middle'),
    '</svg>',
    '',
  ].join('\n');
}

const round = (value: number): string => value.toFixed(1);
const text = (x: number, y: number, content: string, anchor: 'start' | 'middle' | 'end'): string =>
  `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" paint-order="stroke" stroke="#fff" stroke-width="3">${escape(content)}</text>`;
const escape = (content: string): string =>
  content.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
