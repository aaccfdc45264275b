import { bar, draw, label, stroke } from './svg.ts';
import { isMet, median, type BenchResult, type Claim, type Figure, type Section } from '../result.ts';
import { shown, targetText } from './table.ts';

const width = 960;
const left = 370;
const right = 150;
const row = 24;
const thick = 15;
const full = width - left - right;
const cpu = 'CPU per request';

/** How far a bar goes that just reaches its target. */
const targetShare = 0.55;

/** Rivals by CPU time per request, and every target with how far it is reached. */
export function drawBench(result: BenchResult): string {
  const elements: string[] = [];
  let y = 34;
  const next = (step: number): number => (y += step);
  elements.push(label(20, y, 'Requests that a second of CPU answers', 'ink title'));
  for (const section of result.sections.filter(({ figures }) => figures.some(isCpu))) {
    elements.push(label(20, next(28), section.title, 'ink head'));
    elements.push(...drawRivals(section, () => next(row)));
  }
  elements.push(label(20, next(46), 'Targets', 'ink title'));
  elements.push(
    label(
      20,
      next(20),
      'the longer, the better; the mark is the target, the thin line goes to the worst round',
      'quiet small',
    ),
  );
  for (const claim of result.sections.flatMap(({ claims }) => claims).filter(({ target }) => target))
    elements.push(...drawClaim(claim, next(row)));
  return draw({
    width,
    height: y + 24,
    title: 'The service and its rivals, measured side by side',
    elements,
  });
}

const isCpu = ({ metric }: Figure): boolean => metric === cpu;
const perSecond = (us: number): number => 1e6 / us;

function drawRivals({ figures }: Section, nextRow: () => number): string[] {
  const rivals = figures.filter(isCpu);
  const most = Math.max(...rivals.map(({ values }) => perSecond(median(values))));
  return rivals.flatMap(({ subject, values }) => {
    const y = nextRow();
    const x = (us: number) => left + (perSecond(us) / most) * full;
    const end = x(median(values));
    return [
      label(left - 10, y, subject, subject === 'ours' ? 'ink head' : 'ink', 'end'),
      bar(left, y - thick + 3, end - left, thick, subject === 'ours' ? 'ours' : 'other'),
      stroke(x(Math.max(...values)), y - 4.5, end, y - 4.5, 'spread'),
      label(Math.max(end, left) + 8, y, shown(perSecond(median(values)), '/s'), 'quiet'),
    ];
  });
}

function drawClaim(claim: Claim, y: number): string[] {
  const x = (value: number) => left + Math.min(1, reached(claim, value) * targetShare) * full;
  const middle = median(claim.values);
  const worst = Math.min(...claim.values.map(x));
  const mark = left + targetShare * full;
  return [
    label(left - 10, y, shortened(claim.text), 'ink small', 'end'),
    bar(left, y - thick + 3, x(middle) - left, thick, isMet(claim) === true ? 'good' : 'bad'),
    stroke(worst, y - 4.5, x(middle), y - 4.5, 'spread'),
    stroke(mark, y - thick, mark, y + 6, 'target'),
    label(width - right + 8, y, `${shown(middle, claim.unit)} (${targetText(claim)})`, 'quiet'),
  ];
}

/** 1 is just on target. What lies at or below nothing, where less is better, is as good as it gets. */
function reached({ target }: Claim, value: number): number {
  if (target === undefined) return 0;
  if ('atLeast' in target) return value / target.atLeast;
  return value <= 0 ? Number.POSITIVE_INFINITY : target.atMost / value;
}

const shortened = (text: string): string =>
  text.replace(/ by CPU time per request$/, '').replace('ours, ', '');
