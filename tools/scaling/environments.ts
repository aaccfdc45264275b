import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from '@cdktn/hcl2json';

const folder = join(import.meta.dirname, '../../terraform/environments');

/** What an environment's tfvars say about its size. */
export interface Environment {
  readonly name: string;
  readonly vcpu: number;
  readonly memoryGb: number;
  readonly minTasks: number;
  readonly maxTasks: number;
  /** The autoscaler's target: requests of a task in a minute. */
  readonly requestsPerTarget: number;
  /** Tasks that are always on FARGATE, and the share of the others that is on FARGATE_SPOT. */
  readonly onDemandTasks: number;
  readonly spotShare: number;
  readonly nats: number;
  readonly endpointZones: number;
}

interface Tfvars {
  readonly task_size: { readonly cpu: number; readonly memory: number };
  readonly scaling: {
    readonly min_tasks: number;
    readonly max_tasks: number;
    readonly requests_per_target: number;
  };
  readonly capacity: {
    readonly fargate_base: number;
    readonly fargate_weight: number;
    readonly spot_weight: number;
  };
  readonly egress: 'single_nat' | 'nat_per_zone' | 'none';
  readonly endpoint_zones?: number;
}

const zones = 3;
const natsOf = { none: 0, single_nat: 1, nat_per_zone: zones } as const;

export async function readEnvironment(name: string): Promise<Environment> {
  const text = readFileSync(join(folder, `${name}.tfvars`), 'utf8');
  // Terraform has checked it: these variables are required and typed.
  const vars = (await parse(`${name}.tf`, text)) as unknown as Tfvars;
  const { task_size: size, scaling, capacity, egress, endpoint_zones: endpointZones = zones } = vars;
  return {
    name,
    vcpu: size.cpu / 1_024,
    memoryGb: size.memory / 1_024,
    minTasks: scaling.min_tasks,
    maxTasks: scaling.max_tasks,
    requestsPerTarget: scaling.requests_per_target,
    onDemandTasks: capacity.fargate_base,
    spotShare: capacity.spot_weight / (capacity.fargate_weight + capacity.spot_weight),
    nats: natsOf[egress],
    endpointZones,
  };
}

/** In the order in which a release reaches them. */
export async function readEnvironments(): Promise<Environment[]> {
  const order = ['dev', 'staging', 'prod'];
  const names = readdirSync(folder).map((file) => basename(file, '.tfvars'));
  const read = await Promise.all(names.map(readEnvironment));
  return read.toSorted((one, other) => order.indexOf(one.name) - order.indexOf(other.name));
}
