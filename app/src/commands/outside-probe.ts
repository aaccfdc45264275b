import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from 'node:tls';
import { Option } from 'commander';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { address, createCommand, runCommand, wholeNumber } from './command.ts';
import { reasonOf, textOf } from './problem.ts';

/** What a caller outside depends on, in the order in which a request meets it. */
export type Cause =
  'dns' | 'certificate' | 'issuer' | 'unreachable' | 'token-refused' | 'movie-missing' | 'service' | 'slow';

export interface Target {
  readonly url: string;
  /** Where its machine client gets a token. */
  readonly tokenEndpoint: string;
  readonly client: { readonly id: string; readonly secret: string };
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

export interface Look {
  readonly miss?: Miss;
  /** Of the certificate of the service, where it has one. */
  readonly certificateDays?: number;
  /** Of the movie's answer. */
  readonly answerMs?: number;
}

const timeoutMs = 10_000;
const dayMs = 86_400_000;

/** Ends a look with its cause. */
class Missed extends Error {
  override readonly cause: Cause;
  constructor(cause: Cause, what: string) {
    super(what);
    this.cause = cause;
  }
}

/**
 * Does what a caller does: finds the name, checks the certificate, signs in, reads a movie that must be there. Never rejects:
 * what went wrong is a miss with its cause.
 */
export async function lookFromOutside(target: Target, now: () => number = Date.now): Promise<Look> {
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
    const token = await signIn(target);
    seen.answerMs = await readMovie(target, token, now);
    return seen;
  } catch (error) {
    if (error instanceof Missed) return { ...seen, miss: { cause: error.cause, what: error.message } };
    return { ...seen, miss: { cause: 'unreachable', what: reasonOf(error) } };
  }
}

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

/** A token for reading, signed with a key that the issuer still publishes. */
async function signIn({ tokenEndpoint, client }: Target): Promise<string> {
  const given = await askIssuer(tokenEndpoint, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'movies/read' }),
  });
  const { access_token: token } = given as { access_token?: string };
  if (token === undefined) throw new Missed('issuer', `${tokenEndpoint} gives no token`);
  const { iss } = decodeJwt(token);
  const { kid } = decodeProtectedHeader(token);
  const { jwks_uri: keysUri = '' } = (await askIssuer(`${iss ?? ''}/.well-known/openid-configuration`)) as {
    jwks_uri?: string;
  };
  const { keys = [] } = (await askIssuer(keysUri)) as { keys?: readonly { kid?: string }[] };
  if (!keys.some((key) => key.kid === kid))
    throw new Missed('issuer', `${keysUri} does not hold the key ${kid ?? ''} that it signs with`);
  return token;
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
  const found = (await response.json().catch(() => ({}))) as { title?: string };
  const tookMs = now() - startedAt;
  if (status === 401 || status === 403)
    throw new Missed('token-refused', `${where} answers ${status} to a new token, request ${requestId}`);
  if (status === 404) throw new Missed('movie-missing', `${where} answers 404, request ${requestId}`);
  if (status !== 200 || found.title !== movie.title)
    throw new Missed('service', `${where} answers ${status}, request ${requestId}`);
  if (tookMs > answerMs)
    throw new Missed('slow', `${where} took ${tookMs} ms, ${answerMs} are allowed, request ${requestId}`);
  return tookMs;
}

/** Looks until it is well, or was missed so often in a row. Each look is told. */
export async function watch(
  look: () => Promise<Look>,
  {
    misses,
    wait,
    tell,
  }: { readonly misses: number; readonly wait: () => Promise<unknown>; readonly tell: (look: Look) => void },
): Promise<boolean> {
  for (let left = misses; left > 0; left -= 1) {
    const seen = await look();
    tell(seen);
    if (seen.miss === undefined) return true;
    if (left > 1) await wait();
  }
  return false;
}

interface Options {
  readonly url: string;
  readonly tokenEndpoint: string;
  readonly client: string;
  readonly movie: string;
  readonly certificateDays: number;
  readonly answerMs: number;
  readonly misses: number;
  readonly every: number;
}

function readOptions(argv: readonly string[]): Options & { readonly secret: string } {
  const required = (flags: string, about: string, variable: string): Option =>
    new Option(flags, about).env(variable).makeOptionMandatory();
  const command = createCommand(
    'npm run outside-probe --',
    'Does what a caller outside does: finds the name, checks the certificate, signs in, reads a movie that must be there.\nOne line of JSON for each look; a miss names its cause, and docs/runbook.md, "A look from outside", says what to do.',
  )
    .addOption(required('--url <url>', 'of the service', 'PROBE_URL').argParser(address))
    .addOption(
      required('--token-endpoint <url>', 'where the client signs in', 'PROBE_TOKEN_ENDPOINT').argParser(
        address,
      ),
    )
    .addOption(
      required(
        '--client <id>',
        'a client with movies/read; its secret: PROBE_CLIENT_SECRET',
        'PROBE_CLIENT_ID',
      ),
    )
    .addOption(
      new Option('--movie <year/title>', 'a movie that must be there')
        .env('PROBE_MOVIE')
        .default('1994/Pulp Fiction'),
    )
    .addOption(
      new Option('--certificate-days <n>', 'for which it must still run')
        .default(14)
        .argParser(wholeNumber(0, 400)),
    )
    .addOption(
      new Option('--answer-ms <n>', 'that an answer may take')
        .default(2_000)
        .argParser(wholeNumber(1, 60_000)),
    )
    .addOption(
      new Option('--misses <n>', 'in a row that are told somebody').default(2).argParser(wholeNumber(1, 100)),
    )
    .addOption(
      new Option('--every <seconds>', 'between two looks').default(60).argParser(wholeNumber(0, 3_600)),
    )
    .addHelpText('after', '\nExit codes: 0 it is well, 1 missed so often in a row, 2 misuse.');
  const options = command.parse(argv, { from: 'user' }).opts<Options>();
  const secret = process.env['PROBE_CLIENT_SECRET'] ?? '';
  if (secret === '') command.error('error: PROBE_CLIENT_SECRET is not set: the secret of the client');
  if (!/^\d{4}\/./.test(options.movie))
    command.error('error: --movie is a year and a title, such as "1994/Pulp Fiction"');
  return { ...options, secret };
}

if (process.argv[1] === import.meta.filename)
  await runCommand(async (argv) => {
    const { movie, client: id, secret, misses, every, ...limits } = readOptions(argv);
    const target = {
      ...limits,
      client: { id, secret },
      movie: { year: Number(movie.slice(0, 4)), title: movie.slice(5) },
    };
    const isWell = await watch(() => lookFromOutside(target), {
      misses,
      wait: () => pause(every * 1_000),
      tell: ({ miss, ...figures }) => {
        console.log(
          JSON.stringify({ at: new Date().toISOString(), ok: miss === undefined, ...miss, ...figures }),
        );
      },
    });
    return isWell ? 0 : 1;
  });
