import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { reasonOf } from '../../../app/src/commands/problem.ts';

/** What a local deployment answers to those who watch and harm it, by method and path. */
export type ControlRoutes = Readonly<Record<string, (body: unknown) => Promise<unknown>>>;

export interface ControlServer {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/** A server on a free loopback port. A route that rejects is a 400 with the reason as `error`. */
export async function startControlServer(routes: ControlRoutes): Promise<ControlServer> {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const route = routes[`${request.method ?? ''} ${request.url ?? ''}`];
    if (!route) {
      write(response, 404, { error: `There is ${Object.keys(routes).join(', ')}.` });
      return;
    }
    write(response, 200, await route(request.method === 'GET' ? undefined : await json(request)));
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      write(response, 400, { error: reasonOf(error) });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the control server has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

const write = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};
