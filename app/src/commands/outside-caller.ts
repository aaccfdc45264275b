import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { connect } from 'node:tls';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { reasonOf, textOf } from './problem.ts';

/** What a caller outside depends on, in the order in which a request meets it. */
export type Cause =
  'dns' | 'certificate' | 'issuer' | 'unreachable' | 'token-refused' | 'movie-missing' | 'service' | 'slow';

export interface Target {
  readonly url: string;
  /** Where its machine client gets a token. */
  readonly tokenEndpoint: string;
  readonly client: { readonly id: string; readonly secret: () => Promise<string> };
  /** A movie that must be there. */
  readonly movie: { readonly year: number; readonly title: string };
  /** Certificates that run for fewer days are a miss. */
  readonly certificateDays: number;
  /** An answer that takes longer is a miss. */
  readonly answerMs: number;
}

export interface Miss {
  readonly cause: Cause;
  readonly what: string;
}

export interface Probed {
  readonly miss?: Miss;
  /** Of the certificate of the service, where it has one. */
  readonly certificateDays?: number;
  /** Of the movie's answer. */
  readonly answerMs?: number;
}

const timeoutMs = 10_000;
const dayMs = 86_400_000;

/** Ends a probe with its cause. */
class Missed extends Error {
  override readonly cause: Cause;
  constructor(cause: Cause, what: string) {
    super(what);
    this.cause = cause;
  }
}

/** `1994/Pulp Fiction`; undefined when it is no year and title. */
export function parseMovie(text: string): Target['movie'] | undefined {
  const [, year, title] = /^(\d{4})\/(.+)$/.exec(text) ?? [];
  return title === undefined ? undefined : { year: Number(year), title };
}

export const limits = { certificateDays: 14, answerMs: 2_000 } as const;

/**
 * Does what a caller does: finds the name, checks the certificate, signs in, reads a movie that must be there. Never rejects:
 * what went wrong is a miss with its cause.
 * @param keepTokenMs a token is used again for so long while all is well: Cognito charges for each. That the issuer still
 * publishes the key of it is checked each time.
 */
export function createProbe(
  target: Target,
  { now = Date.now, keepTokenMs = 0 }: { readonly now?: () => number; readonly keepTokenMs?: number } = {},
): () => Promise<Probed> {
  let kept = { token: '', until: 0 };
  return async () => {
    const seen: { certificateDays?: number; answerMs?: number } = {};
    try {
      for (const one of [target.url, target.tokenEndpoint])
        await findName(one, one === target.url ? 'dns' : 'issuer');
      const days = await daysOfCertificate(target.url, 'certificate', now);
      if (days !== undefined) seen.certificateDays = days;
      if (days !== undefined && days < target.certificateDays)
        throw new Missed(
          'certificate',
          `the certificate runs for ${days} more days, ${target.certificateDays} are wanted`,
        );
      if (kept.until <= now()) kept = { token: await signIn(target), until: now() + keepTokenMs };
      await checkKey(kept.token);
      seen.answerMs = await readMovie(target, kept.token, now);
      return seen;
    } catch (error) {
      kept = { token: '', until: 0 };
      if (error instanceof Missed) return { ...seen, miss: { cause: error.cause, what: error.message } };
      return { ...seen, miss: { cause: 'unreachable', what: reasonOf(error) } };
    }
  };
}

/** One line of JSON, what logs and alarms read. */
export const describeProbe = ({ miss, ...figures }: Probed, now: () => number = Date.now): string =>
  JSON.stringify({ at: new Date(now()).toISOString(), ok: miss === undefined, ...miss, ...figures });

async function findName(url: string, cause: Cause): Promise<void> {
  const { hostname } = new URL(url);
  await lookup(hostname).catch((error: unknown) => {
    throw new Missed(cause, `${hostname} has no address: ${textOf(error, 'code')}`);
  });
}

/** Undefined without TLS. */
async function daysOfCertificate(url: string, cause: Cause, now: () => number): Promise<number | undefined> {
  const { protocol, hostname: host, port } = new URL(url);
  if (protocol !== 'https:') return undefined;
  const socket = connect({ host, port: Number(port || 443), servername: host, timeout: timeoutMs });
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(timeoutMs) });
    return Math.floor((Date.parse(socket.getPeerCertificate().valid_to) - now()) / dayMs);
  } catch (error) {
    const code = textOf(error, 'code');
    const isCertificate = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ALTNAME/.test(code);
    throw new Missed(isCertificate ? cause : 'unreachable', `${host}: ${code || reasonOf(error)}`);
  } finally {
    socket.destroy();
  }
}

/** A token for reading. */
async function signIn({ tokenEndpoint, client }: Target): Promise<string> {
  const secret = await client.secret().catch((error: unknown) => {
    throw new Missed('issuer', `the secret of the client ${client.id} can't be read: ${reasonOf(error)}`);
  });
  const given = await askIssuer(tokenEndpoint, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${client.id}:${secret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'movies/read' }),
  });
  const { access_token: token } = given as { access_token?: string };
  if (token === undefined) throw new Missed('issuer', `${tokenEndpoint} gives no token`);
  return token;
}

/** The issuer must still publish the key that it signed with. */
async function checkKey(token: string): Promise<void> {
  const { iss } = decodeJwt(token);
  const { kid } = decodeProtectedHeader(token);
  const { jwks_uri: keysUri = '' } = (await askIssuer(`${iss ?? ''}/.well-known/openid-configuration`)) as {
    jwks_uri?: string;
  };
  const { keys = [] } = (await askIssuer(keysUri)) as { keys?: readonly { kid?: string }[] };
  if (!keys.some((key) => key.kid === kid))
    throw new Missed('issuer', `${keysUri} does not hold the key ${kid ?? ''} that it signs with`);
}

async function askIssuer(url: string, init: RequestInit = {}): Promise<unknown> {
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(timeoutMs) });
    if (!response.ok) throw new Missed('issuer', `${url} answers ${response.status}`);
    return await response.json();
  } catch (error) {
    if (error instanceof Missed) throw error;
    throw new Missed(
      'issuer',
      `${url}: ${reasonOf(error instanceof Error && error.cause !== undefined ? error.cause : error)}`,
    );
  }
}

/** Resolves with how long it took. */
async function readMovie(
  { url, movie, answerMs }: Target,
  token: string,
  now: () => number,
): Promise<number> {
  const where = `${url}/movies/${movie.year}/${encodeURIComponent(movie.title)}`;
  const startedAt = now();
  // Not what a task remembers: what is in the table.
  const headers = { authorization: `Bearer ${token}`, 'cache-control': 'no-cache' };
  const response = await fetch(where, { headers, signal: AbortSignal.timeout(timeoutMs) }).catch(
    (error: unknown) => {
      throw new Missed(
        'unreachable',
        `${where}: ${reasonOf(error instanceof Error ? (error.cause ?? error) : error)}`,
      );
    },
  );
  const { status } = response;
  const requestId = response.headers.get('x-request-id') ?? 'none';
  const found = (await response.json().catch(() => ({}))) as { title?: string; detail?: string };
  const why = found.detail === undefined ? '' : `: ${found.detail}`;
  const tookMs = now() - startedAt;
  if (status === 401 || status === 403)
    throw new Missed(
      'token-refused',
      `${where} answers ${status} to a new token, request ${requestId}${why}`,
    );
  if (status === 404) throw new Missed('movie-missing', `${where} answers 404, request ${requestId}`);
  if (status !== 200 || found.title !== movie.title)
    throw new Missed('service', `${where} answers ${status}, request ${requestId}${why}`);
  if (tookMs > answerMs)
    throw new Missed('slow', `${where} took ${tookMs} ms, ${answerMs} are allowed, request ${requestId}`);
  return tookMs;
}
