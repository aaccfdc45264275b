import { curve, draw, label, stroke } from '../charts/svg.ts';
import { limits } from './limits.ts';
import type { Outcome } from './study.ts';

const width = 860;
const height = 430;
const frame = { left: 80, right: 190, top: 74, bottom: 56 };
const plot = { width: width - frame.left - frame.right, height: height - frame.top - frame.bottom };
const decades = { x: [2, 6], y: [0, 6] } as const;

/** Read units a second of the hottest year over requests a second: with the cache by exponent, and without it. */
export function drawScaling(outcomes: readonly Outcome[]): string {
  const x = (value: number) =>
    frame.left + ((Math.log10(value) - decades.x[0]) / (decades.x[1] - decades.x[0])) * plot.width;
  const y = (value: number) =>
    frame.top +
    plot.height * (1 - (Math.log10(Math.max(1, value)) - decades.y[0]) / (decades.y[1] - decades.y[0]));
  const exponents = [...new Set(outcomes.map(({ exponent }) => exponent))];
  const right = frame.left + plot.width;
  const steps = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, index) => 10 ** (from + index));

  return draw({
    width,
    height,
    title: 'Read units a second of the hottest year over requests a second, with the cache and without it',
    elements: [
      label(20, 30, 'What is left of the requests for the hottest year', 'ink title'),
      label(20, 50, 'read units a second of one partition; solid with the cache, dotted without it', 'quiet'),
      ...steps(...decades.y).flatMap((value) => [
        stroke(frame.left, y(value), right, y(value), 'grid'),
        label(frame.left - 8, y(value) + 4, value.toLocaleString('en'), 'quiet small', 'end'),
      ]),
      ...steps(...decades.x).flatMap((value) => [
        stroke(x(value), frame.top, x(value), frame.top + plot.height, 'grid'),
        label(x(value), frame.top + plot.height + 18, value.toLocaleString('en'), 'quiet small', 'middle'),
      ]),
      label(
        frame.left + plot.width / 2,
        height - 14,
        'requests a second for single movies',
        'quiet',
        'middle',
      ),
      stroke(frame.left, y(limits.partitionReadUnits), right, y(limits.partitionReadUnits), 'target'),
      label(frame.left + 8, y(limits.partitionReadUnits) - 6, 'what a partition bears: 3,000', 'ink small'),
      ...exponents.flatMap((exponent, index) => {
        const own = outcomes.filter((outcome) => outcome.exponent === exponent);
        const [name, at] = [`line-${index}`, frame.top + 20 + index * 22];
        return [
          curve(
            own.map((outcome) => [x(outcome.perSecond), y(outcome.hottestUnits)] as const),
            name,
          ),
          curve(
            own.map((outcome) => [x(outcome.perSecond), y(outcome.hottestUncached)] as const),
            `${name} dotted`,
          ),
          stroke(right + 16, at - 4, right + 44, at - 4, name),
          label(right + 52, at, `Zipf exponent ${exponent}`, 'ink'),
        ];
      }),
    ],
  });
}
