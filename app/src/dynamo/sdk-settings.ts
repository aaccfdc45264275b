import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { getSchemaSerdePlugin } from '@smithy/core/schema';

/**
 * The SDK copies all settings of a client three times for each call. It puts them together one by one, and V8 keeps an object
 * that grew like this as a hash table, which takes 7 µs to copy; a copy of it has fast properties
 * (https://v8.dev/blog/fast-properties), and takes 1 µs. Reads cost 11 % less by it (ADR 0175).
 */
export function speedUpSettings(client: DynamoDBClient): void {
  const config = { ...client.config };
  Object.assign(client, { config });
  // Of the parts that the client made of its settings before, this one copies them; the others keep those, which have the same
  // values: what changes a setting comes before.
  client.middlewareStack.use(getSchemaSerdePlugin(config));
}
