import type { Deployment } from './deployment.ts';

const timeoutMs = 15_000;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body; undefined where it isn't JSON. */
  readonly json: unknown;
}

export interface Call {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Goes as JSON. */
  readonly body?: unknown;
  /** Asks with a token for these scopes; without one by default. */
  readonly scope?: string;
}

/** What it takes to ask. */
export type Reached = Pick<Deployment, 'url' | 'token'>;

/** Asks a deployment as a client would. Redirects are answers, too. */
export async function ask(deployment: Reached, path: string, call: Call = {}): Promise<Answer> {
  const { method = 'GET', headers = {}, body, scope } = call;
  const response = await fetch(new URL(deployment.url).origin + path, {
    method,
    redirect: 'manual',
    signal: AbortSignal.timeout(timeoutMs),
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(scope === undefined ? {} : { authorization: `Bearer ${await deployment.token(scope)}` }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = (response.headers.get('content-type') ?? '').includes('json');
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: isJson && text !== '' ? JSON.parse(text) : undefined,
  };
}
