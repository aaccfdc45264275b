import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';

/** Adds headers to each request of a client, before it is signed and for all its attempts. */
export function addHeaders(
  client: DynamoDBClient,
  name: string,
  headersNow: () => Readonly<Record<string, string>>,
): void {
  client.middlewareStack.add(
    (next) => (call) => {
      if (hasHeaders(call.request)) Object.assign(call.request.headers, headersNow());
      return next(call);
    },
    { step: 'build', name },
  );
}

const hasHeaders = (request: unknown): request is { headers: Record<string, string> } =>
  typeof request === 'object' && request !== null && 'headers' in request;
