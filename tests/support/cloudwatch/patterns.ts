import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { pythonEnvironment } from '../../../tools/install/python/environment.ts';

const program = `
import json, sys
from moto.events.models import EventPattern
patterns, events = json.loads(sys.argv[1])
print(json.dumps([[EventPattern.load(pattern).matches_event(event) for event in events] for pattern in patterns]))
`;

/** Whether each EventBridge pattern (a row) takes each event (a column), by the matcher of moto. */
export async function matchEvents(
  patterns: readonly string[],
  events: readonly object[],
): Promise<readonly (readonly boolean[])[]> {
  const python = (await pythonEnvironment('moto')).program('python');
  const { stdout } = await promisify(execFile)(python, ['-c', program, JSON.stringify([patterns, events])]);
  return JSON.parse(stdout) as boolean[][];
}

/** Whether a log line matches. */
export type FilterPattern = (line: string) => boolean;
type Condition = (entry: unknown) => boolean;

const token = /\s*(\$[.\w[\]]+|"[^"]*"|-?\d+(?:\.\d+)?|&&|\|\||>=|<=|IS|TRUE|[{}()=<>])/y;

/**
 * A JSON filter pattern of CloudWatch Logs, as far as this project uses it: comparisons of a text (`*` stands for anything)
 * or of a number, and what is true, joined by `&&`, `||` and brackets. Anything else throws, so that nothing is taken for a match by mistake.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 */
export function parseFilterPattern(pattern: string): FilterPattern {
  const tokens = tokensOf(pattern);
  let at = 0;
  const take = (expected?: string): string => {
    const taken = tokens[at++];
    if (taken === undefined || (expected !== undefined && taken !== expected))
      throw new Error(`${pattern}: ${taken ?? 'its end'} instead of ${expected ?? 'more'}`);
    return taken;
  };
  const joined = (operator: string, part: () => Condition): Condition[] => {
    const parts = [part()];
    while (tokens[at] === operator) {
      take(operator);
      parts.push(part());
    }
    return parts;
  };
  const any = (): Condition => {
    const parts = joined('||', all);
    return (entry) => parts.some((part) => part(entry));
  };
  const all = (): Condition => {
    const parts = joined('&&', one);
    return (entry) => parts.every((part) => part(entry));
  };
  const one = (): Condition => {
    if (tokens[at] !== '(') return comparison(take(), take(), take());
    take('(');
    const inner = any();
    take(')');
    return inner;
  };

  take('{');
  const matches = any();
  take('}');
  if (at < tokens.length) throw new Error(`${pattern}: something follows its end`);
  return (line) => matches(JSON.parse(line));
}

function tokensOf(pattern: string): readonly string[] {
  const text = pattern.trim();
  const tokens: string[] = [];
  for (token.lastIndex = 0; token.lastIndex < text.length;) {
    const from = token.lastIndex;
    const found = token.exec(text)?.[1];
    if (found === undefined) throw new Error(`${text}: what is ${text.slice(from, from + 20)}?`);
    tokens.push(found);
  }
  return tokens;
}

function comparison(selector: string, operator: string, value: string): Condition {
  if (!selector.startsWith('$.')) throw new Error(`${selector} selects nothing`);
  const read = (entry: unknown) => property(entry, selector.slice(2).split(/[.[\]]+/));
  if (value.startsWith('"')) {
    if (operator !== '=') throw new Error(`${operator} compares numbers`);
    const words = value
      .slice(1, -1)
      .split('*')
      .map((word) => word.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
    const expected = new RegExp(`^${words.join('.*')}$`, 's');
    return (entry) => {
      const found = read(entry);
      return typeof found === 'string' && expected.test(found);
    };
  }
  if (operator === 'IS' && value === 'TRUE') return (entry) => read(entry) === true;
  const compare = comparisons[operator];
  if (compare === undefined || Number.isNaN(Number(value))) throw new Error(`${operator} ${value}`);
  return (entry) => {
    const found = read(entry);
    return typeof found === 'number' && compare(found, Number(value));
  };
}

const comparisons: Readonly<Record<string, (one: number, other: number) => boolean>> = {
  '=': (one, other) => one === other,
  '>': (one, other) => one > other,
  '<': (one, other) => one < other,
  '>=': (one, other) => one >= other,
  '<=': (one, other) => one <= other,
};

export const property = (entry: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>(
    (value, name) =>
      typeof value === 'object' && value !== null && name in value
        ? (value as Readonly<Record<string, unknown>>)[name]
        : undefined,
    entry,
  );
