import { parse, type MathNode } from 'mathjs';

/** One metric at one moment; undefined where nothing was reported. */
export type Point = number | undefined;

/** What an expression may name: each metric by its id, at one moment. */
export interface Moment {
  readonly metrics: Readonly<Record<string, Point>>;
  /** Seconds. */
  readonly period: number;
}

type Value = Point | readonly Point[];

/**
 * An expression of CloudWatch's metric math, for one moment after the other. Parsed by mathjs; what is missing follows
 * AWS's rules: it counts as 0 beside something that is there, and a division by 0 gives no point.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
 *
 * @throws when it uses what isn't known here
 */
export function compileMetricMath(expression: string): (moment: Moment) => Point {
  const tree = parse(expression);
  return (moment) => one(evaluate(tree, moment));
}

function evaluate(node: MathNode, moment: Moment): Value {
  const [first, second, third] = childrenOf(node).map((child) => () => evaluate(child, moment));
  switch (`${node.type} ${nameOf(node)}`) {
    case 'FunctionNode FILL': {
      const [series, filler] = [first?.(), one(second?.())];
      return isList(series) ? series.map((point) => point ?? filler) : (series ?? filler);
    }
    case 'FunctionNode IF': {
      const condition = one(first?.());
      return condition === undefined ? undefined : condition === 0 ? third?.() : second?.();
    }
    case 'FunctionNode SUM':
      return fold(first?.(), (sum, point) => sum + point);
    case 'FunctionNode MAX':
      return fold(first?.(), Math.max);
    case 'FunctionNode METRICS':
      return Object.values(moment.metrics);
    case 'FunctionNode PERIOD':
      return moment.period;
  }
  if (node.type === 'ParenthesisNode') return first?.();
  if (node.type === 'ArrayNode')
    return childrenOf(node).flatMap((child): readonly Point[] => {
      const value = evaluate(child, moment);
      return isList(value) ? value : [value];
    });
  if (node.type === 'ConstantNode') return Number(node.toString());
  if (node.type === 'SymbolNode' && nameOf(node) in moment.metrics) return moment.metrics[nameOf(node)];
  const operator = operators[nameOf(node)];
  if (node.type !== 'OperatorNode' || operator === undefined)
    throw new Error(`metric math: ${node.toString()} is not known here`);
  const [left, right] = [one(first?.()), one(second?.())];
  if (left === undefined && right === undefined) return undefined;
  const result = Number(operator(left ?? 0, right ?? 0));
  return Number.isFinite(result) ? result : undefined;
}

const operators: Readonly<Record<string, (left: number, right: number) => number | boolean>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
  '>': (left, right) => left > right,
  '>=': (left, right) => left >= right,
  '<': (left, right) => left < right,
  '<=': (left, right) => left <= right,
};

function fold(value: Value, combine: (total: number, point: number) => number): Point {
  const points = (isList(value) ? value : [value]).filter((point) => point !== undefined);
  return points.length === 0 ? undefined : points.reduce((total, point) => combine(total, point));
}

const isList = (value: Value): value is readonly Point[] => Array.isArray(value);

function one(value: Value): Point {
  if (isList(value)) throw new Error('metric math: one series is expected, not several');
  return value;
}

function childrenOf(node: MathNode): readonly MathNode[] {
  const children: MathNode[] = [];
  // A function's name is not a child of its call here.
  node.forEach((child, path) => {
    if (path !== 'fn') children.push(child);
  });
  return children;
}

/** Of a function or symbol its name, of an operator its sign. */
const nameOf = (node: MathNode): string => {
  const named: object = node;
  if ('op' in named) return String(named.op);
  if ('fn' in named && typeof named.fn === 'object' && named.fn !== null && 'name' in named.fn)
    return String(named.fn.name);
  return 'name' in named ? String(named.name) : '';
};
