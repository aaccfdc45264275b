import { GetWebACLForResourceCommand } from '@aws-sdk/client-wafv2';
import { expect } from '@jest/globals';
import { eventually, type Patience } from '../../support/eventually.ts';
import { askWaf } from '../aws.ts';
import type { Deployment } from '../deployment.ts';
import { ask } from '../http.ts';
import type { ProbeGroup } from '../probe.ts';

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
