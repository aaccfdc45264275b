import { readConfig } from '../../../app/src/config.ts';
import { processSettings } from '../../../tools/bench/processes.ts';
import { isList, isObject, type Value } from '../../../tools/lib/terraform/plan-json.ts';
import { checkPlans } from '../../support/plan/checks.ts';
import { atLeast, exactly, knownAfterApply } from '../../../tools/lib/terraform/matchers.ts';

const listOf = (value: Value | undefined): readonly Value[] => (isList(value) ? value : []);
/** The values of the only one. */
const first = (found: readonly (Value | { readonly values: Value })[]): { readonly [key: string]: Value } => {
  const [one] = found;
  const values = isObject(one) && 'values' in one ? one.values : one;
  return isObject(values) ? values : {};
};
/** So that what isn't there makes no relation true. */
const number = (value: Value | undefined): number => (typeof value === 'number' ? value : Number.NaN);

checkPlans({
  'the container runs one exact image, as nobody, on a file system that it can not change': {
    holds: (plan) => {
      const containers = plan.output('container_definitions').values;
      plan.output('container_definitions').has([
        {
          name: 'api',
          essential: true,
          image: /@sha256:[0-9a-f]{64}$/,
          user: '65532:65532',
          readonlyRootFilesystem: true,
          privileged: false,
          linuxParameters: { initProcessEnabled: true, capabilities: { drop: exactly('ALL') } },
        },
      ]);
      expect(JSON.stringify(containers)).not.toContain('"add":["');
    },
    mistakes: {
      'a capability is kept': ({ output }) =>
        output(
          'container_definitions',
          (after) => (after[0].linuxParameters.capabilities = { add: ['NET_ADMIN'], drop: ['ALL'] }),
        ),
    },
  },

  'each wait outlasts what it waits for': {
    holds: (plan) => {
      const [values] = listOf(plan.output('container_definitions').values);
      const api = isObject(values) ? values : {};
      const environment = Object.fromEntries(
        listOf(api['environment']).map((entry) => (isObject(entry) ? [entry['name'], entry['value']] : [])),
      ) as Readonly<Record<string, unknown>>;
      const known = Object.entries(environment).filter(
        (entry): entry is [string, string] => typeof entry[1] === 'string',
      );
      // What is known after apply only, in the form that it will have.
      const { limits, table } = readConfig({
        TABLE_NAME: 'movies',
        OIDC_ISSUER: 'https://issuer.example',
        OIDC_AUDIENCE: 'clients',
        CURSOR_SECRETS: 's'.repeat(48),
        ...Object.fromEntries(known),
      });
      const longestCallMs = table.timeoutMs * table.maxAttempts;
      const group = first(plan.all('aws_lb_target_group'));
      const check = first(listOf(group['health_check']));
      const noticedMs = 1_000 * number(check['interval']) * number(check['unhealthy_threshold']);
      const health = isObject(api['healthCheck']) ? api['healthCheck'] : {};
      const order: Readonly<Record<string, readonly [number, number]>> = {
        'a balancer gives idle connections up before the service does': [
          1_000 * number(first(plan.all('aws_lb'))['idle_timeout']),
          limits.keepAliveTimeoutMs,
        ],
        'the balancer notices a task that drains before it refuses connections': [
          noticedMs,
          limits.drainDelayMs,
        ],
        'after the drain the longest call of the database can end': [
          limits.drainDelayMs + longestCallMs,
          limits.shutdownTimeoutMs,
        ],
        'the service ends by itself before it is killed': [
          limits.shutdownTimeoutMs,
          1_000 * number(api['stopTimeout']),
        ],
        'a Spot interruption leaves the time to stop': [1_000 * number(api['stopTimeout']), 120_000],
        'a leaving task may end the longest call': [
          longestCallMs,
          1_000 * Number(group['deregistration_delay']),
        ],
        'a starting task has the time to become healthy': [
          1_000 *
            (number(health['startPeriod']) + number(check['interval']) * number(check['healthy_threshold'])),
          1_000 * number(first(plan.all('aws_ecs_service'))['health_check_grace_period_seconds']),
        ],
      };
      expect(
        Object.entries(order)
          .filter(([, [shorter, longer]]) => !(shorter < longer))
          .map(([what, [shorter, longer]]) => `${what}: ${shorter} ms is not below ${longer} ms`),
      ).toEqual([]);
    },
    mistakes: {
      'tasks are killed while they start': ({ planned }) =>
        planned('aws_ecs_service', (after) => (after.health_check_grace_period_seconds = 0)),
      'it is killed while it drains': ({ output }) =>
        output('container_definitions', (after) => (after[0].stopTimeout = 30)),
      'connections are refused before the balancer knows': ({ output }) =>
        output('container_definitions', (after) => {
          for (const entry of after[0].environment) if (entry.name === 'DRAIN_DELAY_MS') entry.value = '5000';
        }),
      'a setting that the service refuses': ({ output }) =>
        output('container_definitions', (after) => {
          for (const entry of after[0].environment) if (entry.name === 'DRAIN_DELAY_MS') entry.value = '5 s';
        }),
    },
  },

  'a container that stops answering is noticed, and one that is told to stop may finish': {
    holds: (plan) => {
      plan.output('container_definitions').has([
        {
          name: 'api',
          healthCheck: { command: ['CMD', 'node', '/app/health-check.js'] },
          stopTimeout: atLeast(30),
        },
      ]);
    },
  },

  'each container writes its log to a group of its own': {
    holds: (plan, environment) => {
      const logsTo = (name: string) => ({
        name,
        logConfiguration: {
          logDriver: 'awslogs',
          options: { 'awslogs-group': `/movies-api-${environment}/${name}` },
        },
      });
      plan.output('container_definitions').has([logsTo('api'), logsTo('collector')]);
    },
  },

  'its secret is a reference, and no value of its environment is one': {
    holds: (plan) => {
      plan.output('container_definitions').has([
        {
          name: 'api',
          secrets: exactly({ name: 'CURSOR_SECRETS' }),
          environment: [{ name: 'NODE_ENV', value: 'production' }],
        },
      ]);
      expect(JSON.stringify(plan.output('container_definitions').values)).not.toMatch(
        /"name":"\w*(SECRET|PASSWORD|TOKEN)\w*","value":"/,
      );
    },
    mistakes: {
      'it is passed as a value': ({ output }) =>
        output('container_definitions', (after) =>
          after[0].environment.push({ name: 'CURSOR_SECRETS', value: 'hunter2' }),
        ),
    },
  },

  'it is told exactly this, and listens on one port; its log waits for nobody': {
    holds: (plan, environment) => {
      const isDev = environment === 'dev';
      const told = {
        AWS_XRAY_TRACING_NAME: `movies-api-${environment}`,
        DRAIN_DELAY_MS: /^\d+$/,
        LOG_LEVEL: isDev ? 'debug' : 'info',
        METRICS_PORT: '9464',
        NODE_ENV: 'production',
        NODE_OPTIONS: /--max-old-space-size=/,
        OIDC_AUDIENCE: knownAfterApply,
        OIDC_ISSUER: knownAfterApply,
        OIDC_SWAGGER_CLIENT_ID: knownAfterApply,
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318',
        PORT: '8080',
        REGION: 'eu-west-1',
        SHUTDOWN_TIMEOUT_MS: /^\d+$/,
        TABLE_NAME: `movies-api-${environment}`,
        TRACE_SAMPLE_RATE: isDev ? '1' : '0.05',
      };
      const ofBoth = {
        linuxParameters: { initProcessEnabled: true, capabilities: { drop: exactly('ALL') } },
      };
      const log = (size: string) => ({
        options: { 'awslogs-region': 'eu-west-1', mode: 'non-blocking', 'max-buffer-size': size },
      });
      plan.output('container_definitions').has([
        {
          name: 'api',
          ...ofBoth,
          environment: exactly(...Object.entries(told).map(([name, value]) => ({ name, value }))),
          portMappings: exactly({ containerPort: 8080, hostPort: 8080, protocol: 'tcp' }),
          healthCheck: { interval: 10, retries: 3, startPeriod: 15, timeout: 5 },
          logConfiguration: log('25m'),
        },
        {
          name: 'collector',
          ...ofBoth,
          user: '65532:65532',
          privileged: false,
          stopTimeout: 30,
          restartPolicy: { restartAttemptPeriod: 60 },
          environment: exactly(
            { name: 'AOT_CONFIG_CONTENT' },
            { name: 'GOMEMLIMIT', value: '120MiB' },
            { name: 'PROMETHEUS_REMOTE_WRITE_URL', value: knownAfterApply },
            { name: 'REGION', value: 'eu-west-1' },
          ),
          logConfiguration: log('4m'),
        },
      ]);
    },
    mistakes: {
      'a setting that nobody reviewed': ({ output }) =>
        output('container_definitions', (after) =>
          after[0].environment.push({ name: 'ALLOW_ANONYMOUS', value: 'true' }),
        ),
    },
  },

  'its process is set up as the bench measures it': {
    holds: (plan, environment) => {
      // Five eighths of a task are V8's heap; dev's is half as large as prod's.
      const heap = { from: '=640', to: environment === 'dev' ? '=320' : '=640' };
      const settings = Object.entries(processSettings).map(([name, value]) => ({
        name,
        value: value.replace(heap.from, heap.to),
      }));
      plan.output('container_definitions').has([{ name: 'api', environment: settings }]);
    },
  },

  'each environment has its shares of FARGATE and FARGATE_SPOT': {
    holds: (plan, environment) => {
      const shares = {
        dev: exactly({ capacity_provider: 'FARGATE_SPOT', base: 0, weight: 1 }),
        staging: exactly(
          { capacity_provider: 'FARGATE', base: 1, weight: 1 },
          { capacity_provider: 'FARGATE_SPOT', base: 0, weight: 3 },
        ),
        prod: exactly(
          { capacity_provider: 'FARGATE', base: 3, weight: 1 },
          { capacity_provider: 'FARGATE_SPOT', base: 0, weight: 1 },
        ),
      };
      plan.every('aws_ecs_service', { capacity_provider_strategy: shares[environment] });
    },
  },
});
