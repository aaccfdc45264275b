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
  const value = compile(parse(expression));
  return (moment) => one(value(moment));
}

type Compiled = (moment: Moment) => Value;

function compile(node: MathNode): Compiled {
  const parts = childrenOf(node).map(compile);
  const [first = nothing, second = nothing, third = nothing] = parts;
  const name = nameOf(node);
  switch (node.type) {
    case 'ParenthesisNode':
      return first;
    case 'ArrayNode':
      return (moment) => parts.flatMap((part) => part(moment));
    case 'ConstantNode': {
      const constant = Number(node.toString());
      return () => constant;
    }
    case 'SymbolNode':
      return ({ metrics }) => (name in metrics ? metrics[name] : unknown(node));
    case 'FunctionNode':
      return (functions[name] ?? unknown(node))(first, second, third);
    case 'OperatorNode':
      return combine(operators[name] ?? unknown(node), first, second);
    default:
      return unknown(node);
  }
}

const nothing: Compiled = () => undefined;

function unknown(node: MathNode): never {
  throw new Error(`metric math: ${node.toString()} is not known here`);
}

function combine(operator: Operator, left: Compiled, right: Compiled): Compiled {
  return (moment) => {
    const [a, b] = [one(left(moment)), one(right(moment))];
    if (a === undefined && b === undefined) return undefined;
    const result = Number(operator(a ?? 0, b ?? 0));
    return Number.isFinite(result) ? result : undefined;
  };
}

const functions: Readonly<Record<string, (first: Compiled, second: Compiled, third: Compiled) => Compiled>> =
  {
    FILL: (series, filler) => (moment) => {
      const [value, instead] = [series(moment), one(filler(moment))];
      return isList(value) ? value.map((point) => point ?? instead) : (value ?? instead);
    },
    IF: (condition, yes, no) => (moment) => {
      const holds = one(condition(moment));
      return holds === undefined ? undefined : (holds === 0 ? no : yes)(moment);
    },
    SUM: (series) => (moment) => fold(series(moment), (sum, point) => sum + point),
    MAX: (series) => (moment) => fold(series(moment), Math.max),
    METRICS: () => (moment) => Object.values(moment.metrics),
    PERIOD: () => (moment) => moment.period,
  };

type Operator = (left: number, right: number) => number | boolean;

const operators: Readonly<Record<string, Operator>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
  '>': (left, right) => left > right,
  '>=': (left, right) => left >= right,
  '<': (left, right) => left < right,
  '<=': (left, right) => left <= right,
};

function fold(value: Value, join: (total: number, point: number) => number): Point {
  const points = (isList(value) ? value : [value]).filter((point) => point !== undefined);
  return points.length === 0 ? undefined : points.reduce((total, point) => join(total, point));
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
