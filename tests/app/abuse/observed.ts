import type { Api } from '../../support/api.ts';
import type { Answer } from '../../support/client.ts';

export interface Observed {
  readonly status: number;
  /** Of a problem; other bodies are whole in `body`. */
  readonly detail?: unknown;
  readonly errors?: unknown;
  readonly body?: unknown;
  /** Calls that reached the database meanwhile. */
  readonly databaseCalls: number;
}

/** What an attempt got, without what differs each time, and whether it got through to the database. */
export async function observe(api: Api, attempt: () => Promise<Answer>): Promise<Observed> {
  const callsBefore = api.database.seen.length;
  const { status, headers, json, text } = await attempt();
  const databaseCalls = api.database.seen.length - callsBefore;
  if (headers['content-type'] !== 'application/problem+json; charset=utf-8') {
    return { status, body: json ?? text, databaseCalls };
  }
  const { detail, errors } = json as { detail: unknown; errors?: unknown };
  return { status, detail, ...(errors === undefined ? {} : { errors }), databaseCalls };
}
