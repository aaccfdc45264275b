import {
  isList,
  isObject,
  type Json,
  type PlanJson,
  show,
  type Value,
} from '../../lib/terraform/plan-json.ts';
import { Plan, type PlannedResource } from '../../lib/terraform/plan.ts';
import { referencesAt, sourcesOf } from '../../lib/terraform/references.ts';

/** What breaks a policy: the resource, and what is wrong with it. */
export interface Violation {
  readonly resource: string;
  readonly message: string;
}

/** A rule about how resources belong together: a scanner that looks at one resource at a time can't see it. */
export interface PlanPolicy {
  readonly id: string;
  readonly title: string;
  readonly judge: (plan: Plan, json: PlanJson) => readonly Violation[];
}

const violation = (resource: string, message: string): Violation => ({ resource, message });
const get = (value: Value | undefined, name: string): Value | undefined => {
  const held = isList(value) ? value[0] : value;
  return isObject(held) ? held[name] : undefined;
};
/** Text as it is, anything else as a report would show it. */
const text = (value: Value | undefined): string => (typeof value === 'string' ? value : show(value));
const items = (value: Value | undefined): readonly Value[] => (isList(value) ? value : []);
const plain = (address: string): string => address.replaceAll(/\[[^\]]*\]/g, '');

/** None at all is as bad as a wrong one. */
const each = (
  plan: Plan,
  type: string,
  judge: (resource: PlannedResource) => string | undefined,
): readonly Violation[] => {
  const all = plan.all(type);
  if (all.length === 0) return [violation(type, `the plan has no ${type}`)];
  return all.flatMap((resource) => {
    const message = judge(resource);
    return message === undefined ? [] : [violation(resource.address, message)];
  });
};

export const wafAttached: PlanPolicy = {
  id: 'MOVIES_PLAN_1',
  title: 'every public load balancer has a firewall',
  judge: (plan, json) => {
    const guarded = plan
      .all('aws_wafv2_web_acl_association')
      .flatMap(({ address }) => sourcesOf(json.configuration.root_module, address, ['resource_arn']));
    return each(plan, 'aws_lb', ({ address, values }) =>
      get(values, 'internal') === true || guarded.includes(plain(address))
        ? undefined
        : 'is reachable from the internet and no web ACL is attached to it',
    );
  },
};

/** Each statement that a policy document allows, with the resources it names, known or not. */
export const taskRoleOnTable: PlanPolicy = {
  id: 'MOVIES_PLAN_2',
  title: 'the task role reaches the movies table, its key, where its metrics go, and nothing else',
  judge: (plan, json) => {
    const root = json.configuration.root_module;
    const allowed = ['aws_dynamodb_table', 'aws_kms_key', 'aws_prometheus_workspace'];
    const documents = plan
      .all('aws_iam_role_policy')
      .filter(({ address }) =>
        sourcesOf(root, address, ['role']).some((role) => role.endsWith('aws_iam_role.task')),
      );
    if (documents.length === 0) return [violation('aws_iam_role.task', 'has no policy in the plan')];
    return documents.flatMap(({ address }) => {
      const sources = sourcesOf(root, address, ['policy']).filter((source) => source.startsWith('data.'));
      if (sources.length === 0) return [violation(address, 'is not made from a policy document')];
      return sources.flatMap((source) => judgeDocument(plan, json, source, allowed));
    });
  },
};

/** X-Ray has no resource to narrow its writing actions to. */
const withoutResource = /^xray:(Put|Get)[A-Za-z]+$/;

function judgeDocument(
  plan: Plan,
  json: PlanJson,
  document: string,
  allowed: readonly string[],
): readonly Violation[] {
  const found = plan.all('aws_iam_policy_document').find(({ address }) => plain(address) === document);
  if (found === undefined) return [violation(document, 'is not in the plan')];
  const origins = sourcesOf(json.configuration.root_module, document, ['statement', 'resources']);
  const strangers = origins.filter((origin) => !allowed.some((type) => origin.includes(`${type}.`)));
  const statements = items(get(found.values, 'statement'));
  const wide = statements.flatMap((statement) =>
    items(get(statement, 'actions')).filter(
      (action) => typeof action === 'string' && /^\*$|:\*$/.test(action),
    ),
  );
  const everything = statements.some(
    (statement) =>
      items(get(statement, 'resources')).includes('*') &&
      !items(get(statement, 'actions')).every((action) => withoutResource.test(text(action))),
  );
  return [
    ...strangers.map((origin) => violation(document, `reaches ${origin}`)),
    ...wide.map((action) => violation(document, `allows ${text(action)}`)),
    ...(everything ? [violation(document, 'reaches every resource (*)')] : []),
    ...(origins.length === 0 ? [violation(document, 'names no resource of this plan')] : []),
  ];
}

export const rollsBack: PlanPolicy = {
  id: 'MOVIES_PLAN_3',
  title: 'a bad deployment comes back by itself',
  judge: (plan) =>
    each(plan, 'aws_ecs_service', ({ values }) => {
      const breaker = get(values, 'deployment_circuit_breaker');
      const alarms = get(values, 'alarms');
      const blocks: readonly (Value | undefined)[] = [breaker, alarms];
      const isOn = blocks.every((block) => get(block, 'enable') === true && get(block, 'rollback') === true);
      if (!isOn) return 'has no circuit breaker and alarms that roll back';
      return Number(get(values, 'deployment_minimum_healthy_percent')) >= 100
        ? undefined
        : 'stops tasks before others are healthy';
    }),
};

export const metricsClosed: PlanPolicy = {
  id: 'MOVIES_PLAN_4',
  title: 'nothing but port 8080 of a task is reachable',
  judge: (plan) => [
    ...each(plan, 'aws_lb_target_group', ({ values }) =>
      get(values, 'port') === 8080 ? undefined : `forwards to port ${text(get(values, 'port'))}`,
    ),
    ...plan
      .all('aws_vpc_security_group_ingress_rule')
      .filter(
        ({ values }) => Number(get(values, 'from_port')) <= 9464 && Number(get(values, 'to_port')) >= 9464,
      )
      .map(({ address }) => violation(address, 'lets in the port of the metrics (9464)')),
  ],
};

export const publicPorts: PlanPolicy = {
  id: 'MOVIES_PLAN_5',
  title: 'the internet reaches the load balancer on 80 and 443, and nothing else',
  judge: (plan) => [
    ...plan
      .all('aws_vpc_security_group_ingress_rule')
      .filter(
        ({ address, values }) =>
          text(get(values, 'cidr_ipv4') ?? get(values, 'cidr_ipv6')).endsWith('/0') &&
          !(
            address.includes('aws_vpc_security_group_ingress_rule.alb_') &&
            [80, 443].includes(Number(get(values, 'to_port')))
          ),
      )
      .map(({ address }) => violation(address, 'is open to the internet')),
    ...[...plan.all('aws_security_group'), ...plan.all('aws_default_security_group')]
      .filter(({ values }) =>
        items(get(values, 'ingress')).some((rule) => items(get(rule, 'cidr_blocks')).includes('0.0.0.0/0')),
      )
      .map(({ address }) => violation(address, 'is open to the internet by an inline rule')),
  ],
};

/** A default tag that isn't known at the plan leaves resources without any, and the apply ends in the middle. */
export const knownDefaultTags: PlanPolicy = {
  id: 'MOVIES_PLAN_9',
  title: 'default tags are made of variables only',
  judge: (_plan, { configuration: { provider_config: providers = {} } }) => {
    const references = Object.values(providers).flatMap(({ expressions }) =>
      referencesAt(expressions?.['default_tags'], []),
    );
    if (references.length === 0) return [violation('provider.aws', 'has no default tags')];
    return references
      .filter((reference) => !reference.startsWith('var.'))
      .map((reference) => violation('provider.aws', `takes a default tag from ${reference}`));
  },
};

interface ContainerCall {
  readonly name: string;
  readonly argument: (name: string) => { readonly constant?: Json; readonly references: readonly string[] };
}

/**
 * The containers as the configuration makes them: the definitions in the plan are unknown as a whole, since they hold the
 * ARN of a secret that isn't there yet.
 */
function containerCalls({ configuration }: PlanJson): readonly ContainerCall[] {
  return Object.entries(configuration.root_module.module_calls ?? {})
    .filter(([, { source }]) => source.includes('container-definition'))
    .map(([name, { expressions }]) => ({
      name: `module.${name}`,
      argument: (argument) => {
        const { constant_value: constant, references = [] } = (expressions?.[argument] ?? {}) as {
          constant_value?: Json;
          references?: readonly string[];
        };
        return { ...(constant === undefined ? {} : { constant }), references };
      },
    }));
}

const eachContainer = (
  json: PlanJson,
  judge: (container: ContainerCall) => string | undefined,
): readonly Violation[] => {
  const containers = containerCalls(json);
  if (containers.length === 0)
    return [violation('aws_ecs_task_definition', 'no container is defined in the plan')];
  return containers.flatMap((container) => {
    const message = judge(container);
    return message === undefined ? [] : [violation(container.name, message)];
  });
};

export const hardenedContainers: PlanPolicy = {
  id: 'MOVIES_PLAN_7',
  title: 'containers run as nobody, without capabilities, and change no file of their image',
  judge: (_plan, json) =>
    eachContainer(json, ({ argument }) => {
      if (!/^[1-9]\d*(:|$)/.test(text(argument('user').constant)))
        return 'runs as root, or as a user that is not said';
      if (argument('readonly_root_filesystem').constant !== true) return 'may write to its root file system';
      if (argument('privileged').constant === true) return 'is privileged';
      return JSON.stringify(argument('linux_parameters').constant ?? {}).includes('"drop":["ALL"]')
        ? undefined
        : 'keeps capabilities';
    }),
};

const ourRegistry = /^[0-9]{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?\/[^@:]+@sha256:[0-9a-f]{64}$/;

export const imagesOfOurs: PlanPolicy = {
  id: 'MOVIES_PLAN_8',
  title: 'images come from our own registry, by digest',
  judge: (_plan, json) =>
    eachContainer(json, ({ argument }) => {
      const { constant, references } = argument('image');
      const { variables = {} } = json as { variables?: Readonly<Record<string, { value?: Json }>> };
      const [variable] = references.filter((reference) => reference.startsWith('var.'));
      const image = constant ?? variables[variable?.slice('var.'.length) ?? '']?.value;
      const remedy =
        'its image has to be var.image, or another variable whose value is <account>.dkr.ecr.<region>.amazonaws.com/<name>@sha256:<digest>';
      if (typeof image !== 'string')
        return `runs an image that the plan does not tell (${references.join(', ') || 'no value'}): ${remedy}`;
      return ourRegistry.test(image)
        ? undefined
        : `runs ${image}, which is not an image of our registry by digest: ${remedy}`;
    }),
};

export const planPolicies: readonly PlanPolicy[] = [
  wafAttached,
  taskRoleOnTable,
  rollsBack,
  metricsClosed,
  publicPorts,
  hardenedContainers,
  imagesOfOurs,
  knownDefaultTags,
];
