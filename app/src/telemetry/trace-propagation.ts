import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { addHeaders } from '../dynamo/request-headers.ts';
import { traceHeaders, type Tracing } from './tracing.ts';

/** Gives each call of this client the headers of the trace that it is made in; they are signed like all others. */
export function propagateTrace(client: DynamoDBClient, tracing: Tracing): void {
  addHeaders(client, 'propagate-trace', () => {
    const trace = tracing.current();
    return trace === undefined ? {} : traceHeaders(trace);
  });
}
