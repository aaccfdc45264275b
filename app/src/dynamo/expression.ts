import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { toAttribute } from './attribute-value.ts';

/** The names and values of DynamoDB expressions, each behind a placeholder: reserved words and hostile text are fine. */
export interface Expression {
  /** A placeholder for a path: `path('info', 'rating')` is `#info.#rating`. */
  readonly path: (...names: readonly [string, ...string[]]) => string;
  readonly value: (value: string | number) => string;
  readonly names: Record<string, string>;
  readonly values: Record<string, AttributeValue>;
}

export function createExpression(): Expression {
  const names: Record<string, string> = {};
  const values: Record<string, AttributeValue> = {};
  return {
    names,
    values,
    path: (...parts) =>
      parts
        .map((part) => {
          names[`#${part}`] = part;
          return `#${part}`;
        })
        .join('.'),
    value: (value) => {
      const placeholder = `:v${Object.keys(values).length}`;
      values[placeholder] = toAttribute(value);
      return placeholder;
    },
  };
}
