import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { traceHeaders, type Tracing } from './tracing.ts';

/** Gives each call of this client the headers of the trace that it is made in; they are signed like all others. */
export function propagateTrace(client: DynamoDBClient, tracing: Tracing): void {
  client.middlewareStack.add(
    (next) => (call) => {
      const trace = tracing.current();
      if (trace !== undefined && hasHeaders(call.request)) {
        Object.assign(call.request.headers, traceHeaders(trace));
      }
      return next(call);
    },
    { step: 'build', name: 'propagate-trace' },
  );
}

const hasHeaders = (request: unknown): request is { headers: Record<string, string> } =>
  typeof request === 'object' && request !== null && 'headers' in request;
