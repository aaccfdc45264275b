import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { Problem } from '../../../app/src/commands/problem.ts';
import type { AddressRule, LoadBalancerDefinition, Networks, TargetGroup } from './applied.ts';

const startWithinMs = 20_000;
const lookMs = 200;
/** Name of the backend; tasks are added to it while HAProxy runs. */
const backend = 'tasks';
/** The longest answer of the service; what a hung task keeps longer is asked of another one. */
const answerTimeoutSeconds = 10;
const algorithms: Readonly<Record<string, string>> = {
  round_robin: 'roundrobin',
  least_outstanding_requests: 'leastconn',
  weighted_random: 'random',
};

/** A load balancer whose targets come and go while it runs. */
export interface Balancer {
  readonly url: string;
  readonly pid: number;
  /** Sends requests to a task from now on, and checks its health. Its first check has been made: it counts as healthy. */
  readonly add: (task: string, host: string, port: number) => Promise<void>;
  /** Sends nothing new; resolves when the task has answered everything, or when the deregistration delay is over. */
  readonly drain: (task: string) => Promise<void>;
  readonly remove: (task: string) => Promise<void>;
  readonly targets: () => Promise<readonly ServerStatus[]>;
  /** Enforces the firewall's rules with these networks from now on: each list is exchanged at once, and only when it differs. */
  readonly enforce: (networks: Networks) => Promise<void>;
  /** Resolves with why it ended by itself. */
  readonly died: Promise<Problem>;
  readonly stop: () => Promise<void>;
}

/** Starts HAProxy on loopback. Its targets are added through its runtime API, so no connection is ever cut for a change. */
export async function startBalancer(
  definition: LoadBalancerDefinition,
  {
    port,
    logFile,
    rules = [],
  }: { readonly port: number; readonly logFile: string; readonly rules?: readonly AddressRule[] },
): Promise<Balancer> {
  // Not in the project: the path of a socket has 107 characters at most.
  const folder = await mkdtemp(join(tmpdir(), 'balancer-'));
  const [socket, configuration] = [join(folder, 'runtime.sock'), join(folder, 'haproxy.cfg')];
  await writeFile(configuration, haproxyConfig(definition, { port, socket }, firewallConfig(rules, folder)));
  for (const { conditions, name, answer } of rules) {
    await writeFile(bodyFile(folder, name), answer.body);
    for (const { list } of conditions) await writeFile(listFile(folder, list), '');
  }
  const enforced = new Map<string, string>();
  const log = await open(logFile, 'w');
  const output = ['ignore', log.fd, log.fd] as const;
  const child = spawn('haproxy', ['-db', '-f', configuration], { stdio: [...output], detached: true });
  await once(child, 'spawn').catch((error: unknown) => {
    throw new Problem(`HAProxy can't be started: ${String(error)}`, 'sudo apt-get install haproxy');
  });
  await log.close();
  const exited = once(child, 'exit');
  const isThere = (): boolean => child.exitCode === null && child.signalCode === null;

  /** Sends one command to the runtime API. Resolves with what it printed. */
  const say = async (line: string): Promise<string> => {
    const connection = connect(socket);
    await once(connection, 'connect');
    connection.end(`${line}\n`);
    return (await text(connection)).trim();
  };
  const server = (task: string): string => `${backend}/${task}`;
  const targets = async (): Promise<readonly ServerStatus[]> => readServers(await say('show stat'));

  const deadline = Date.now() + startWithinMs;
  while (!(await say('show info').then(Boolean, () => false))) {
    if (!isThere() || Date.now() > deadline)
      throw new Problem('HAProxy does not start.', `Its log says why: ${logFile}`);
    await pause(lookMs);
  }
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    targets,
    enforce: async (networks) => {
      for (const [list, addresses] of networks) {
        if ((enforced.get(list) ?? '') === addresses.join()) continue;
        const file = listFile(folder, list);
        const version = /\d+/.exec(await say(`prepare acl ${file}`))?.[0] ?? '';
        for (const address of addresses) await say(`add acl @${version} ${file} ${address}`);
        const refused = await say(`commit acl @${version} ${file}`);
        if (refused !== '')
          throw new Problem(`HAProxy refuses a list of addresses: ${refused}`, `See ${logFile}.`);
        enforced.set(list, addresses.join());
      }
    },
    died: exited.then(() => new Problem('HAProxy ended by itself.', `Its log: ${logFile}`)),
    add: async (task, host, taskPort) => {
      const settings = serverSettings(definition.targetGroup);
      const added = await say(`add server ${server(task)} ${host}:${taskPort} ${settings}`);
      if (!added.includes('registered'))
        throw new Problem(`HAProxy refuses ${task}: ${added}`, `See ${logFile}.`);
      await say(`enable health ${server(task)}`);
      await say(`enable server ${server(task)}`);
      // Without it a new server stands one failed check before its end.
      await say(`set server ${server(task)} health up`);
    },
    drain: async (task) => {
      await say(`set server ${server(task)} state drain`);
      const until = Date.now() + definition.targetGroup.deregistrationDelay * 1000;
      const isBusy = async (): Promise<boolean> =>
        (await targets()).some(({ name, sessions }) => name === task && sessions > 0);
      while (Date.now() < until && (await isBusy())) await pause(lookMs);
    },
    remove: async (task) => {
      // It closes idle connections, too; refused while a request is still being repeated elsewhere.
      await say(`set server ${server(task)} state maint`);
      const until = Date.now() + startWithinMs;
      const isGone = async (): Promise<boolean> =>
        /deleted|No such server/i.test(await say(`del server ${server(task)}`));
      while (!(await isGone()) && Date.now() < until) await pause(lookMs);
    },
    stop: async () => {
      if (isThere()) child.kill('SIGTERM');
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * The configuration of HAProxy that behaves as the listener and target group say. Beyond a load balancer on AWS it
 * repeats GET and HEAD, and only those, on another task when one is lost before it answered.
 *
 * @param place where it listens, and the socket of its runtime API
 */
export function haproxyConfig(
  { targetGroup, idleTimeout, dropsInvalidHeaders, listener }: LoadBalancerDefinition,
  place: { readonly port: number; readonly socket: string },
  firewall = '',
): string {
  const { healthCheck } = targetGroup;
  const balance = algorithms[targetGroup.algorithm];
  if (balance === undefined)
    throw new Problem(
      `The target group balances by ${targetGroup.algorithm}, which HAProxy has no word for.`,
      `Known: ${Object.keys(algorithms).join(', ')}.`,
    );
  return `global
    stats socket ${place.socket} mode 600 level admin
    maxconn 2000
    # each thread would keep connections of its own
    nbthread 1

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
    bind 127.0.0.1:${place.port}
${firewall}    http-request set-header X-Forwarded-Proto http
    http-request set-header X-Forwarded-Port ${listener.port}
    http-request set-header X-Amzn-Trace-Id Root=1%[unique-id,lower] unless { req.hdr(X-Amzn-Trace-Id) -m found }
${dropsInvalidHeaders ? '    # names that are no HTTP token are dropped by the parser itself\n' : ''}    default_backend ${backend}

backend ${backend}
    balance ${balance}
    http-reuse always
    option httpchk
    http-check send meth GET uri ${healthCheck.path} hdr Host health-check hdr User-Agent ELB-HealthChecker/2.0
    http-check expect status ${healthCheck.matcher}
    http-request disable-l7-retry unless METH_GET
    http-request set-timeout server ${answerTimeoutSeconds}s if METH_GET
    retry-on conn-failure empty-response response-timeout
`;
}

/** The lists are files that the runtime API changes; they begin empty, as for a firewall that was never asked. */
const firewallConfig = (rules: readonly AddressRule[], folder: string): string =>
  rules
    .map(({ name, conditions, answer: { status, headers, body } }) => {
      const content = body === '' ? '' : ` content-type application/json file ${bodyFile(folder, name)}`;
      const named = headers.map(([header, value]) => ` hdr ${header} "${value}"`).join('');
      const when = conditions.map(
        ({ list, isIn }) => `${isIn ? '' : '!'}{ src -f ${listFile(folder, list)} }`,
      );
      return `    http-request return status ${status}${content}${named} if ${when.join(' ')}\n`;
    })
    .join('');
const listFile = (folder: string, arn: string): string => join(folder, `${arn.split('/').at(-2) ?? ''}.list`);
const bodyFile = (folder: string, rule: string): string => join(folder, `${rule}.json`);

/**
 * What makes a task a server: the same for each, because servers that are added later inherit no defaults. Without the two
 * words about its pool each request would open a connection, which a load balancer on AWS doesn't do.
 */
export function serverSettings({ healthCheck }: Pick<TargetGroup, 'healthCheck'>): string {
  const { interval, healthyThreshold: rise, unhealthyThreshold: fall } = healthCheck;
  return `check inter ${interval}s rise ${rise} fall ${fall} pool-max-conn -1 pool-purge-delay 5s`;
}

export interface ServerStatus {
  readonly name: string;
  /** `UP`, `UP 1/2` (going down), `DOWN`, `DRAIN`, `MAINT`, … */
  readonly status: string;
  /** Requests that it has not answered yet. */
  readonly sessions: number;
  /** Requests that it did not take and another task was asked: on AWS each of them is an error. */
  readonly repeated: number;
}

/** Reads the servers of the backend from `show stat`: CSV with a header (https://docs.haproxy.org/2.6/management.html#9.1). */
export function readServers(stat: string): readonly ServerStatus[] {
  const [header = '', ...lines] = stat.trim().split('\n');
  const names = header.replace(/^# /, '').split(',');
  const rows = lines.map((line) => {
    const values = line.split(',');
    return (name: string): string => values[names.indexOf(name)] ?? '';
  });
  return rows
    .filter((value) => value('pxname') === backend && value('svname') !== 'BACKEND')
    .map((value) => ({
      name: value('svname'),
      status: value('status'),
      sessions: Number(value('scur')),
      repeated: Number(value('wretr')) + Number(value('wredis')),
    }));
}
