import { once } from 'node:events';
import { connect } from 'node:tls';
import { GetWebACLForResourceCommand } from '@aws-sdk/client-wafv2';
import { expect } from '@jest/globals';
import { eventually, type Patience } from '../../support/eventually.ts';
import { askWaf } from '../aws.ts';
import type { Deployment } from '../deployment.ts';
import { ask, type ProbeGroup } from '../probe.ts';

const handshakeMs = 10_000;

/**
 * The version that a server agrees to, or nothing when it refuses. Security level 0 is asked for, since OpenSSL would
 * otherwise refuse old versions by itself: every server would look as if it had a floor.
 */
async function negotiate(
  { host, port }: { host: string; port: number },
  version: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3',
): Promise<string | undefined> {
  const socket = connect({
    host,
    port,
    servername: host,
    minVersion: version,
    maxVersion: version,
    ciphers: 'DEFAULT:@SECLEVEL=0',
    // The certificate is judged by every other probe: their fetch refuses a bad one.
    rejectUnauthorized: false,
  });
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(handshakeMs) });
    return socket.getProtocol() ?? undefined;
  } catch (error) {
    if (isRefusedHandshake(error)) return undefined;
    throw error;
  } finally {
    socket.destroy();
  }
}

/** The server's own "no"; a closed port or an unknown host is no proof of a floor. */
const isRefusedHandshake = (error: unknown): boolean =>
  typeof error === 'object' &&
  error !== null &&
  'code' in error &&
  (String(error.code).startsWith('ERR_SSL_') || error.code === 'ECONNRESET');

const addressOf = (url: string) => ({
  host: new URL(url).hostname,
  port: Number(new URL(url).port || 443),
});

export async function checkTlsFloor({ url }: Pick<Deployment, 'url'>): Promise<void> {
  const address = addressOf(url);

  const agreed = {
    old: [await negotiate(address, 'TLSv1'), await negotiate(address, 'TLSv1.1')],
    new: [await negotiate(address, 'TLSv1.2'), await negotiate(address, 'TLSv1.3')],
  };

  expect(agreed).toEqual({ old: [undefined, undefined], new: ['TLSv1.2', 'TLSv1.3'] });
}

export async function checkRedirect(deployment: Deployment): Promise<void> {
  const plain = { ...deployment, url: deployment.url.replace(/^https:/, 'http:') };

  const { status, headers } = await ask(plain, '/healthz');

  expect(status).toBe(301);
  expect(new URL(headers.get('location') ?? '').href).toBe(new URL('/healthz', deployment.url).href);
}

export async function checkHeaders(deployment: Deployment): Promise<void> {
  const { status, headers, json } = await ask(deployment, '/healthz');

  expect({ status, json, nosniff: headers.get('x-content-type-options') }).toEqual({
    status: 200,
    json: { status: 'ok' },
    nosniff: 'nosniff',
  });
}

export async function checkReadiness(deployment: Deployment): Promise<void> {
  const { status, json } = await ask(deployment, '/readyz');

  expect({ status, json }).toEqual({ status: 200, json: { status: 'ok' } });
}

export const edgeProbes: readonly ProbeGroup[] = [
  {
    name: 'the edge',
    probes: {
      'answers that the service lives, and names no content that it is not': checkHeaders,
      'answers that the service is ready: its table answers': checkReadiness,
    },
  },
  {
    name: 'TLS',
    needs: ['TLS'],
    probes: {
      'refuses TLS 1.0 and 1.1, and speaks 1.2 and 1.3': checkTlsFloor,
      'sends plain HTTP on to HTTPS': checkRedirect,
    },
  },
];

export async function checkFirewallIsAttached(deployment: Deployment): Promise<void> {
  const { loadBalancerArn: ResourceArn, webAclArn } = deployment.outputs;

  const { WebACL: acl } = await askWaf(deployment, (waf) =>
    waf.send(new GetWebACLForResourceCommand({ ResourceArn })),
  );

  expect(acl?.ARN).toBe(webAclArn);
}

/** The service itself answers 401 or 200 here, never 403: a token for reading is sent along. */
export async function checkInjectionIsBlocked(deployment: Deployment): Promise<void> {
  const path = `/movies?title=${encodeURIComponent("' OR '1'='1' UNION SELECT password FROM users--")}`;

  const { status, json } = await ask(deployment, path, { scope: 'movies/read' });

  expect({ status, isOurs: json !== undefined }).toEqual({ status: 403, isOurs: false });
}

const batch = 50;
/** WAF counts over minutes and acts within tens of seconds of the limit (AWS WAF developer guide, rate-based rules). */
const untilBlocked: Patience = { deadlineMs: 240_000, everyMs: 500 };

/** Nobody's token is sent, so each answer is 401 until the firewall answers instead. */
export async function checkRateLimit(
  deployment: Deployment,
  patience: Patience = untilBlocked,
): Promise<void> {
  await eventually(async () => {
    const answers = await Promise.all(
      Array.from({ length: batch }, () => ask(deployment, '/movies', { method: 'POST', body: {} })),
    );
    expect(answers.map(({ status }) => status)).toContain(403);
  }, patience);
}

export const firewallProbes: readonly ProbeGroup[] = [
  {
    name: 'the firewall',
    probes: { 'is attached to the load balancer': checkFirewallIsAttached },
  },
  {
    name: 'the firewall at work',
    needs: ['AWS'],
    // The rate limit last: for some minutes after it, this machine's address gets no answer but 403.
    probes: {
      'blocks an SQL injection': checkInjectionIsBlocked,
      'blocks an address that writes too often': checkRateLimit,
    },
  },
];
