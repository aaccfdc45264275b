import type { Item } from './movie-item.ts';
import { createExpression } from './expression.ts';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';

/** What must be stored for a write to happen, as PutItem and DeleteItem take it. */
export interface Condition {
  readonly ConditionExpression: string;
  readonly ExpressionAttributeNames: Record<string, string>;
  readonly ExpressionAttributeValues?: Record<string, AttributeValue>;
}

export const absent = (): Condition => on('title', (title) => `attribute_not_exists(${title})`);

export const present = (): Condition => on('title', (title) => `attribute_exists(${title})`);

export function withRevision(revision: string): Condition {
  const { path, value, names, values } = createExpression();
  return {
    ConditionExpression: `${path('revision')} = ${value(revision)}`,
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: values,
  };
}

/**
 * That the item is still what was read. Ours are known by their revision; another writer's has none and is compared by
 * its `info`, attribute by attribute as DynamoDB stores it, so that nothing is lost in translation.
 */
export function unchangedSince(item: Item): Condition {
  const { revision, info } = item;
  if (revision?.S !== undefined) return withRevision(revision.S);
  const names = { '#title': 'title', '#revision': 'revision', '#info': 'info' };
  const foreign = 'attribute_exists(#title) AND attribute_not_exists(#revision)';
  if (info === undefined) {
    return {
      ConditionExpression: `${foreign} AND attribute_not_exists(#info)`,
      ExpressionAttributeNames: names,
    };
  }
  return {
    ConditionExpression: `${foreign} AND #info = :info`,
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: { ':info': info },
  };
}

function on(name: string, condition: (path: string) => string): Condition {
  const { path, names } = createExpression();
  return { ConditionExpression: condition(path(name)), ExpressionAttributeNames: names };
}
