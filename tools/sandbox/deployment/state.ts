import { Problem } from '../../../app/src/commands/problem.ts';
import type { TokenIssuer } from '../../../app/src/local/token-issuer.ts';
import type { Balancer } from './balancer.ts';
import type { ControlLoop } from './control-loop.ts';
import type { Fleet, Task } from './fleet.ts';
import type { RunnerKind } from './runners.ts';
import type { Deployments } from './scheduler.ts';
import { digestOf } from './task-definition.ts';

/** A task as probes and drills read it. Times in ms since 1970. */
export interface TaskState extends Omit<Task, 'definition' | 'address'> {
  readonly taskDefinition: string;
  /** Of the image that it runs, `sha256:…`. */
  readonly digest: string;
  readonly url: string;
  readonly metricsUrl: string;
}

/** Everything that is true of the local deployment at one moment. */
export interface LocalState {
  readonly url: string;
  readonly runner: RunnerKind;
  readonly service: string;
  readonly taskDefinition: string;
  readonly desiredCount: number;
  /** The primary deployment is complete, and the desired tasks are healthy, no more and no fewer. */
  readonly steady: boolean;
  readonly zones: readonly string[];
  readonly lostZones: readonly string[];
  /** Newest first: the first is the primary one. */
  readonly deployments: Deployments;
  readonly tasks: readonly TaskState[];
  readonly database: DatabaseFaults;
  readonly logs: string;
  readonly issuer: string;
  readonly tokenEndpoint: string;
  /** What a program signs in with here. */
  readonly client: { readonly id: string; readonly secret: string };
}

export interface StateSources {
  readonly balancer: Balancer;
  readonly fleet: Fleet;
  readonly loop: ControlLoop;
  readonly runner: RunnerKind;
  readonly zones: readonly string[];
  readonly database: () => DatabaseFaults;
  readonly logs: string;
  readonly issuer: Pick<TokenIssuer, 'issuer' | 'tokenEndpoint' | 'machineClient'>;
}

export function readState({
  balancer,
  fleet,
  loop,
  runner,
  zones,
  database,
  logs,
  issuer,
}: StateSources): LocalState {
  const { arn, taskDefinition, desiredCount } = loop.service();
  const deployments = loop.deployments();
  const tasks = fleet.tasks().map(toState);
  const running = tasks.filter(({ status }) => status === 'PENDING' || status === 'RUNNING');
  return {
    url: balancer.url,
    runner,
    service: arn,
    taskDefinition,
    desiredCount,
    steady:
      deployments[0]?.rolloutState === 'COMPLETED' &&
      deployments[0].taskDefinition === taskDefinition &&
      running.length === desiredCount &&
      running.every(({ health }) => health === 'healthy'),
    zones,
    lostZones: [...loop.lostZones],
    deployments,
    tasks,
    database: database(),
    logs,
    issuer: issuer.issuer,
    tokenEndpoint: issuer.tokenEndpoint,
    client: issuer.machineClient,
  };
}

const toState = ({ definition, address: { host, port, metricsPort }, ...task }: Task): TaskState => ({
  ...task,
  taskDefinition: definition.arn,
  digest: digestOf(definition.container.image),
  url: `http://${host}:${port}`,
  metricsUrl: `http://${host}:${metricsPort}/metrics`,
});

/** What `make drill DRILLS=…` may name: here, so that a command line knows them without loading Jest. */
export const drillIds = [
  'task-killed',
  'database-slow',
  'database-throttles',
  'database-gone',
  'task-hangs',
  'spot-interruption',
  'zone-lost',
  'rolling-deployment',
  'broken-deployment',
  'maintenance',
  'restore',
  'alert-fires',
] as const;

/** What is wrong with the database, as its clients see it. Nothing by default. */
export interface DatabaseFaults {
  /** Added to each answer. */
  readonly latencyMs: number;
  /** Share of calls, 0 to 1, that are refused as too many. */
  readonly throttleRatio: number;
  /** Only calls that name this partition are refused as too many: one hot key. All of them when it is missing. */
  readonly throttledYear?: number | undefined;
  /** Nobody listens: connections are refused, and open ones are cut. */
  readonly refuse: boolean;
}

export const noFaults: DatabaseFaults = { latencyMs: 0, throttleRatio: 0, refuse: false };

/** Faults by name, as the control server takes them. */
export type FaultRequest =
  | { readonly kind: 'kill' | 'freeze' | 'thaw' | 'interrupt'; readonly task?: string | undefined }
  | { readonly kind: 'lose-zone'; readonly zone?: string | undefined }
  /** What isn't named is as it should be. */
  | { readonly kind: 'database'; readonly database: Partial<DatabaseFaults> }
  | { readonly kind: 'rotate-issuer-key' | 'heal' };

interface Answered {
  readonly subject?: string;
  readonly token?: string;
  readonly error?: string;
}

/** Speaks to the control server of a running local deployment. */
export function createControlClient(control: string) {
  const read = async (path: string, init?: RequestInit): Promise<unknown> => {
    const response = await fetch(new URL(path, control), { ...init, signal: AbortSignal.timeout(60_000) });
    return response.json();
  };
  const post = async (path: string, body: unknown): Promise<Answered> => {
    const answered = (await read(path, { method: 'POST', body: JSON.stringify(body) })) as Answered;
    if (answered.error !== undefined) throw new Problem(answered.error, 'See `state` for what there is.');
    return answered;
  };
  return {
    state: async (): Promise<LocalState> => (await read('/state')) as LocalState,
    /** An access token for scopes, separated by spaces, from the deployment's issuer. */
    token: async (scope: string): Promise<string> => (await post('/tokens', { scope })).token ?? '',
    /** Does harm. Resolves with the task or zone that it was done to. */
    harm: async (fault: FaultRequest): Promise<string> => (await post('/faults', fault)).subject ?? '',
  };
}

/** Harm on purpose. A healthy task or the fullest zone is chosen where none is named. */
export type Harm = ReturnType<typeof createControlClient>['harm'];
