import { once } from 'node:events';
import { Agent, createServer, request as send, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';

/** What is wrong with the database, as its clients see it. Nothing by default. */
export interface DatabaseFaults {
  /** Added to each answer. */
  readonly latencyMs: number;
  /** Share of calls, 0 to 1, that are refused as too many. */
  readonly throttleRatio: number;
  /** Nobody listens: connections are refused, and open ones are cut. */
  readonly refuse: boolean;
}

export const noFaults: DatabaseFaults = { latencyMs: 0, throttleRatio: 0, refuse: false };

export interface DatabaseLink {
  readonly url: string;
  readonly faults: () => DatabaseFaults;
  readonly set: (faults: DatabaseFaults) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** The way from the tasks to DynamoDB: passes everything on, unless it is told to be slow, to throttle or to be gone. */
export async function startDatabaseLink(target: string, random: () => number): Promise<DatabaseLink> {
  const agent = new Agent({ keepAlive: true });
  let faults = noFaults;
  const server = createServer((incoming, response) => {
    void answer(incoming, response).catch(() => response.destroy());
  });
  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await buffer(incoming);
    const { latencyMs, throttleRatio } = faults;
    if (latencyMs > 0) await pause(latencyMs);
    if (random() < throttleRatio) {
      throttle(response);
      return;
    }
    const { method, url, headers } = incoming;
    const outgoing = send(new URL(url ?? '/', target), { method, headers, agent });
    outgoing.end(body);
    const [answered] = (await once(outgoing, 'response')) as [IncomingMessage];
    const content = await buffer(answered);
    response.writeHead(answered.statusCode ?? 502, { ...kept(answered), 'content-length': content.length });
    response.end(content);
  };
  const listen = async (port: number): Promise<number> => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the database link has no port');
    return address.port;
  };
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };

  const port = await listen(0);
  return {
    url: `http://127.0.0.1:${port}`,
    faults: () => faults,
    set: async (wanted) => {
      faults = wanted;
      if (wanted.refuse) await close();
      else if (!server.listening) await listen(port);
    },
    stop: async () => {
      await close();
      agent.destroy();
    },
  };
}

function throttle(response: ServerResponse): void {
  const code = 'ProvisionedThroughputExceededException';
  const body = JSON.stringify({
    __type: `com.amazonaws.dynamodb.v20120810#${code}`,
    message: 'Throttled on purpose.',
  });
  response
    .writeHead(400, { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-errortype': code })
    .end(body);
}

const kept = ({ headers }: IncomingMessage): Record<string, string | string[] | undefined> =>
  Object.fromEntries(
    Object.entries(headers).filter(
      ([name]) => !['connection', 'keep-alive', 'transfer-encoding', 'content-length'].includes(name),
    ),
  );
