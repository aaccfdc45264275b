import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { closeServer, listenOnLoopback } from '../../app/src/local/listen.ts';

export type Answer = (
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
) => void | Promise<void>;

export interface FaultyDynamoDb {
  readonly endpoint: string;
  /** The operation of each request, in order of arrival. */
  readonly operations: string[];
  stop(): Promise<void>;
}

/** A DynamoDB that answers as the test says: for what a healthy engine never does. */
export async function startFaultyDynamoDb(answer: Answer): Promise<FaultyDynamoDb> {
  const operations: string[] = [];
  const server = createServer((request, response) => {
    operations.push(operationOf(request));
    void buffer(request).then((body) => answer(request, response, body));
  });
  const { url } = await listenOnLoopback(server, 0);
  return { endpoint: url, operations, stop: () => closeServer(server) };
}

export const operationOf = (request: IncomingMessage): string =>
  String(request.headers['x-amz-target']).replace('DynamoDB_20120810.', '');

/** An error as DynamoDB words it. */
export const failWith =
  (status: number, type: string): Answer =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(
      JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message: 'On purpose' }),
    );
  };

/** Hands the request to a healthy engine. */
export async function forward(endpoint: string, request: IncomingMessage, body: Buffer): Promise<Response> {
  const names = ['authorization', 'content-type', 'x-amz-date', 'x-amz-target'];
  const headers = names.map((name): [string, string] => [name, String(request.headers[name])]);
  return fetch(endpoint, { method: 'POST', headers, body: new Uint8Array(body) });
}

export const forwardTo =
  (endpoint: string): Answer =>
  async (request, response, body) => {
    const answer = await forward(endpoint, request, body);
    response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(Buffer.from(await answer.arrayBuffer()));
  };
