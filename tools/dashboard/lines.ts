import { compileMetricMath, type Point } from '../cloudwatch/metric-math.ts';
import type { MetricOptions, MetricRow, Widget } from './definition.ts';
import { seriesKey, type Recording } from './recording.ts';

export interface Line {
  readonly label: string;
  readonly axis: 'left' | 'right';
  /** One a period, or one for all of a widget that shows a number. */
  readonly points: readonly Point[];
}

interface Metric {
  readonly namespace: string;
  readonly name: string;
  readonly operation: string | undefined;
  readonly options: MetricOptions;
}

/** What a widget shows of a recording: its visible metrics and its expressions. Throws where a metric was not recorded. */
export function linesOf({ properties }: Widget, recording: Recording): readonly Line[] {
  const rows = properties.metrics ?? [];
  const metrics = rows.filter((row) => !isExpression(row)).map(metricOf);
  const days = /^-P(\d+)D$/.exec(properties.start ?? '')?.[1];
  const values = new Map(
    metrics.map((metric): [string, readonly Point[]] => [
      metric.options.id,
      days === undefined ? seriesOf(metric, recording) : [totalOf(metric, recording, Number(days) * 24 * 60)],
    ]),
  );
  const moments = Math.max(...[...values.values()].map(({ length }) => length));
  const evaluated = rows.filter(isExpression).map(([{ expression, label }]): Line => {
    const value = compileMetricMath(expression);
    return {
      label,
      axis: 'left',
      points: Array.from({ length: moments }, (_, index) =>
        value({
          period: recording.periodSeconds,
          metrics: Object.fromEntries([...values].map(([id, points]) => [id, points[index]])),
        }),
      ),
    };
  });
  const plain = metrics
    .filter(({ options }) => options.visible)
    .map(({ name, options }): Line => ({
      label: options.label ?? name,
      axis: options.yAxis,
      points: values.get(options.id) ?? [],
    }));
  return [...evaluated, ...plain];
}

/** Whether only AWS has what a widget shows. */
export const isAbsent = ({ properties }: Widget, { absent }: Recording): boolean =>
  (properties.metrics ?? []).some((row) => !isExpression(row) && absent.includes(metricOf(row).namespace));

type Expression = readonly [{ readonly expression: string; readonly label: string }];
const isExpression = (row: MetricRow): row is Expression => typeof row[0] !== 'string';

function metricOf(row: MetricRow): Metric {
  const [namespace, name, ...rest]: readonly unknown[] = row;
  const options = row.at(-1);
  if (
    typeof namespace !== 'string' ||
    typeof name !== 'string' ||
    typeof options !== 'object' ||
    'expression' in options
  )
    throw new Error(`not a metric: ${JSON.stringify(row)}`);
  const operation = rest[rest.indexOf('Operation') + 1];
  return {
    namespace,
    name,
    operation: rest.includes('Operation') && typeof operation === 'string' ? operation : undefined,
    options,
  };
}

function seriesOf({ namespace, name, operation, options }: Metric, recording: Recording): readonly Point[] {
  const key = seriesKey(namespace, name, options.stat, operation);
  const series = recording.series[key];
  if (series === undefined && recording.absent.includes(namespace)) return [];
  if (series === undefined)
    throw new Error(`${key} was not recorded: run it again with \`make dashboard ARGS=record\``);
  return series.map((point) => point ?? undefined);
}

/** The recorded minutes, and healthy ones for the rest of the window. */
function totalOf(metric: Metric, recording: Recording, minutes: number): number {
  const series = seriesOf(metric, recording);
  const objective = metric.name.replace(/_all$/, '');
  const before = (recording.healthyPerMinute[objective] ?? 0) * (minutes - series.length);
  return series.reduce<number>((sum, point) => sum + (point ?? 0), before);
}
