/** A deployment as probes and drills know it. Whether it is on AWS or on this machine shows in `endpoint` alone. */
export interface Deployment {
  readonly environment: string;
  /** Where requests go. */
  readonly url: string;
  readonly outputs: Outputs;
  /** Address of an emulated control plane; AWS itself when absent. */
  readonly endpoint?: string;
  /** An access token for scopes, separated by spaces. */
  readonly token: (scope: string) => Promise<string>;
  /** Where the metrics of each running task are scraped, for those who are in the tasks' network. */
  readonly metricsUrls?: () => Promise<readonly string[]>;
}

export const isLocal = ({ endpoint }: Deployment): boolean => endpoint !== undefined;

/** What `terraform output` tells of a deployment, as far as probes need it. */
export interface Outputs {
  readonly url: string;
  readonly region: string;
  /** `…@sha256:…` */
  readonly image: string;
  readonly clusterName: string;
  readonly serviceName: string;
  readonly taskDefinitionArn: string;
  readonly loadBalancerArn: string;
  readonly targetGroupArn: string;
  readonly webAclArn: string;
  readonly tableName: string;
  readonly logGroupName: string;
  /** As tools/release/maintenance.ts reads it. */
  readonly maintenance: unknown;
  readonly alarmNames: readonly string[];
  /** Absent with an issuer that isn't ours. */
  readonly cognito?: {
    readonly tokenEndpoint: string;
    readonly userPoolArn: string;
    readonly clientId: string;
  };
}

/** Reads the values of `terraform output`. Throws with the name of the first one that is missing. */
export function readOutputs(values: Readonly<Record<string, unknown>>): Outputs {
  const text = (name: string): string => {
    const value = values[name];
    if (typeof value !== 'string')
      throw new Error(`terraform output has no ${name}: is the environment applied?`);
    return value;
  };
  const names = (name: string): readonly string[] => {
    const value = values[name];
    return Array.isArray(value) ? value.map(String) : [];
  };
  return {
    url: text('url'),
    region: text('region'),
    image: text('image'),
    clusterName: text('cluster_name'),
    serviceName: text('service_name'),
    taskDefinitionArn: text('task_definition_arn'),
    loadBalancerArn: text('load_balancer_arn'),
    targetGroupArn: text('target_group_arn'),
    webAclArn: text('web_acl_arn'),
    tableName: text('table_name'),
    logGroupName: text('log_group_name'),
    maintenance: values['maintenance'],
    alarmNames: [...names('deployment_alarm_names'), ...names('alarm_names')],
    ...(typeof values['token_endpoint'] === 'string'
      ? {
          cognito: {
            tokenEndpoint: text('token_endpoint'),
            userPoolArn: text('user_pool_arn'),
            clientId: text('machine_client_id'),
          },
        }
      : {}),
  };
}

/** The digest that an image is named by. */
export function digestOf(image: string): string {
  const [, digest] = image.split('@');
  if (digest === undefined) throw new Error(`${image} names no digest`);
  return digest;
}
