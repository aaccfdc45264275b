import { Problem } from '../../../app/src/commands/problem.ts';

/** What of an applied deployment is run, from the outputs of terraform/. */
export interface Names {
  readonly cluster: string;
  readonly service: string;
  readonly loadBalancerArn: string;
  readonly table: string;
}

export type Outputs = Readonly<Record<string, unknown>>;

export function readNames(outputs: Outputs): Names {
  const read = (name: string): string => {
    const value = outputs[name];
    if (typeof value === 'string') return value;
    throw new Problem(`Terraform has no output ${name}.`, 'Apply it first: make deploy-local.');
  };
  return {
    cluster: read('cluster_name'),
    service: read('service_name'),
    loadBalancerArn: read('load_balancer_arn'),
    table: read('table_name'),
  };
}
