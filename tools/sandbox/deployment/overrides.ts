import type { Address } from './fleet.ts';
import type { RunnerKind } from './runners.ts';
import type { TaskDefinition } from './task-definition.ts';

/** What stands in for the managed services that no emulator has. */
export interface LocalServices {
  readonly issuer: string;
  readonly swaggerClientId: string;
  readonly databaseUrl: string;
}

/** The only settings of a task that differ from its definition. Everything else is passed on as it was applied. */
export function overrides(
  services: LocalServices,
  { host, port, metricsPort }: Address,
): Record<string, string> {
  return {
    OIDC_ISSUER: services.issuer,
    OIDC_SWAGGER_CLIENT_ID: services.swaggerClientId,
    DYNAMODB_ENDPOINT: services.databaseUrl,
    HOST: host,
    PORT: String(port),
    METRICS_PORT: String(metricsPort),
  };
}

/** What is not as on AWS, a sentence each, for a person to read. */
export function describeDifferences(
  { container, architecture, sidecars }: TaskDefinition,
  services: LocalServices,
  { kind, hasInit }: { readonly kind: RunnerKind; readonly hasInit: boolean },
): readonly string[] {
  const lines = [
    `OIDC_ISSUER is ${services.issuer}, not ${container.environment['OIDC_ISSUER'] ?? 'set'}: no emulator signs tokens`,
    `OIDC_SWAGGER_CLIENT_ID is ${services.swaggerClientId}: the client that this issuer knows`,
    `DYNAMODB_ENDPOINT is ${services.databaseUrl}: an embedded DynamoDB with the table as applied, behind a link that can be made slow or cut`,
    'HOST is an address of 127.0.0.0/8 for each task: there is one network, which stands for the subnets of all zones',
    'the container health check is not run: the load balancer asks the same path, as often',
    'HAProxy stands for the load balancer, and repeats GET and HEAD on another task; of the firewall it enforces the rules on addresses alone',
    ...sidecars.map((name) => `the container ${name} is not run`),
  ];
  const machine = process.arch === 'arm64' ? 'ARM64' : 'X86_64';
  return kind === 'containers'
    ? [
        ...lines,
        ...(machine === architecture ? [] : [`the processor is ${machine}, not ${architecture}`]),
        ...(hasInit || !container.initProcess
          ? []
          : ['no init process is in the tasks: this podman lacks catatonit (`make tools` installs it)']),
      ]
    : [
        ...lines,
        "the production bundle runs as a process of this machine's Node.js: user, read-only root, capabilities and limits of the task definition take podman",
      ];
}
