import { connect, type NetConnectOpts } from 'node:net';
import { exportJWK, generateKeyPair, type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose';
import type { TokenIssuer } from '../../../app/src/local/token-issuer.ts';
import type { Api } from '../../support/api.ts';
import type { Answer } from '../../support/client.ts';

const patienceMs = 60_000;

/**
 * Sends these bytes as they are and resolves with all that came back once the other side has ended the connection.
 * Rejects when it hasn't after 8 s: a last request that is whole has to say `Connection: close`.
 *
 * @param drops sent behind the bytes again and again, every 20 ms, by a client that is never idle and never done
 */
export function exchange(target: NetConnectOpts, bytes: string | Buffer, drops = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const received = () => Buffer.concat(chunks).toString('latin1');
    const socket = connect(target, () => socket.write(bytes));
    const dripping = setInterval(() => drops !== '' && socket.writable && socket.write(drops), 20);
    const timer = setTimeout(() => {
      const start = received().slice(0, 500);
      socket.destroy(new Error(`The connection is still open after ${patienceMs} ms. Received: ${start}`));
    }, patienceMs);
    socket.on('data', (chunk) => chunks.push(chunk));
    // Who is cut off in the middle of sending still has the answer.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
    });
    socket.on('close', () => {
      clearTimeout(timer);
      clearInterval(dripping);
      resolve(received());
    });
  });
}

/** Lines of a request's head, and what follows it. */
export const raw = (lines: readonly string[], body = ''): string => `${lines.join('\r\n')}\r\n\r\n${body}`;

/** The status of each answer on a connection, in order. */
export const statuses = (received: string): number[] =>
  [...received.matchAll(/^HTTP\/1\.[01] (\d{3})/gm)].map(([, status]) => Number(status));

export interface Forgery {
  /** Claims that would get in if the issuer had signed them. */
  readonly claims: (changes?: JWTPayload) => JWTPayload;
  /** The issuer's public key, as everybody can fetch it. */
  readonly publicKey: Readonly<Record<string, string>> & { readonly kid: string };
  /** The forger's own public key. */
  readonly ownKey: object;
  /** Signed by the forger's own key. */
  readonly sign: (header: Partial<JWTHeaderParameters>, claims?: JWTPayload) => Promise<string>;
}

/** Everything that somebody has who knows the issuer but not its private key. */
export async function createForgery({ issuer, jwksUri, audience }: TokenIssuer): Promise<Forgery> {
  const answer: unknown = await fetch(jwksUri).then((response) => response.json());
  const [publicKey] = (answer as { keys: [Forgery['publicKey']] }).keys;
  const own = await generateKeyPair('RS256');
  const claims = (changes: JWTPayload = {}): JWTPayload => ({
    iss: issuer,
    aud: audience,
    exp: Math.floor(Date.now() / 1000) + 3600,
    scope: 'movies/read movies/write',
    ...changes,
  });
  return {
    claims,
    publicKey,
    ownKey: await exportJWK(own.publicKey),
    sign: (header, payload = claims()) =>
      new SignJWT(payload).setProtectedHeader({ alg: 'RS256', ...header }).sign(own.privateKey),
  };
}

const base64 = (part: unknown) =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');

/** A token put together by hand, with whatever signature. */
export const assemble = (header: unknown, claims: unknown, signature = ''): string =>
  `${base64(header)}.${base64(claims)}.${signature}`;

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
