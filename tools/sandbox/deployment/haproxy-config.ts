import { Problem } from '../../../app/src/commands/problem.ts';
import type { LoadBalancerDefinition, TargetGroup } from './load-balancer-definition.ts';

export interface HaproxyPlace {
  readonly port: number;
  /** Of the runtime API. */
  readonly socket: string;
}

/** Name of the backend; tasks are added to it while HAProxy runs. */
export const backend = 'tasks';
/** The longest answer of the service; what a hung task keeps longer is asked of another one. */
const answerTimeoutSeconds = 10;

const algorithms: Readonly<Record<string, string>> = {
  round_robin: 'roundrobin',
  least_outstanding_requests: 'leastconn',
  weighted_random: 'random',
};

/**
 * The configuration of HAProxy that behaves as the listener and target group say. Beyond a load balancer on AWS it
 * repeats GET and HEAD, and only those, on another task when one is lost before it answered.
 */
export function haproxyConfig(definition: LoadBalancerDefinition, { port, socket }: HaproxyPlace): string {
  const { targetGroup, idleTimeout, dropsInvalidHeaders } = definition;
  const { healthCheck } = targetGroup;
  const balance = algorithms[targetGroup.algorithm];
  if (balance === undefined)
    throw new Problem(
      `The target group balances by ${targetGroup.algorithm}, which HAProxy has no word for.`,
      `Known: ${Object.keys(algorithms).join(', ')}.`,
    );
  return `global
    stats socket ${socket} mode 600 level admin
    maxconn 2000

defaults
    mode http
    timeout connect 1s
    timeout client ${idleTimeout}s
    timeout http-request ${idleTimeout}s
    timeout server ${idleTimeout}s
    timeout check ${healthCheck.timeout}s
    retries 3
    option redispatch 1
    option forwardfor
    unique-id-format %{+X}o-%Ts-%[uuid(),regsub(-,,g),bytes(0,24)]

frontend listener
    bind 127.0.0.1:${port}
    http-request set-header X-Forwarded-Proto http
    http-request set-header X-Forwarded-Port ${definition.listener.port}
    http-request set-header X-Amzn-Trace-Id Root=1%[unique-id,lower] unless { req.hdr(X-Amzn-Trace-Id) -m found }
${dropsInvalidHeaders ? '    # names that are no HTTP token are dropped by the parser itself\n' : ''}    default_backend ${backend}

backend ${backend}
    balance ${balance}
    option httpchk
    http-check send meth GET uri ${healthCheck.path} hdr Host health-check hdr User-Agent ELB-HealthChecker/2.0
    http-check expect status ${healthCheck.matcher}
    http-request disable-l7-retry unless METH_GET
    http-request set-timeout server ${answerTimeoutSeconds}s if METH_GET
    retry-on conn-failure empty-response response-timeout
`;
}

/** What makes a task a server: the same for each, because servers that are added later inherit no defaults. */
export function serverSettings({ healthCheck }: TargetGroup): string {
  const { interval, healthyThreshold, unhealthyThreshold } = healthCheck;
  return `check inter ${interval}s rise ${healthyThreshold} fall ${unhealthyThreshold}`;
}
