import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Json, PlanJson, ResourceChange } from '../../../tools/lib/terraform/plan-json.ts';
import { project } from './mistakes.ts';

export interface PlanMistake {
  readonly mistake: string;
  readonly rule: string;
  readonly message: string;
  readonly make: (plan: EditablePlan) => void;
}

export type EditablePlan = PlanJson & { readonly variables: Record<string, { value: Json }> };
type Values = Record<string, Json>;

const digest = `123456789012.dkr.ecr.eu-west-1.amazonaws.com/movies-api@sha256:${'0'.repeat(64)}`;

/** The recorded plan of prod, and what a recording leaves out: constants of the containers, variables. */
export async function goodPlan(): Promise<EditablePlan> {
  const file = join(project, 'tests', 'checks', 'plan', 'recorded', 'prod.json');
  const { plan } = JSON.parse(await readFile(file, 'utf8')) as { plan: PlanJson };
  const calls = plan.configuration.root_module.module_calls ?? {};
  for (const call of Object.values(calls)) {
    if (!call.source.includes('container-definition')) continue;
    Object.assign(call, {
      expressions: {
        image: { references: ['var.image'] },
        user: { constant_value: '65532:65532' },
        readonly_root_filesystem: { constant_value: true },
        linux_parameters: { constant_value: { capabilities: { add: [], drop: ['ALL'] } } },
      },
    });
  }
  const tags = { tags: { references: ['var.project', 'var.environment'] } };
  const provider_config = { aws: { expressions: { default_tags: [tags] } } };
  return {
    ...plan,
    configuration: { ...plan.configuration, provider_config },
    variables: { image: { value: digest } },
  };
}

/** The planned values of the one resource whose address matches. */
export function valuesOf({ resource_changes }: EditablePlan, address: string): Values {
  const found = (resource_changes ?? []).find((resource) => resource.address.startsWith(address));
  if (found === undefined) throw new Error(`the plan has no ${address}`);
  return found.change.after as Values;
}

function container(plan: EditablePlan, argument: string, value: Json): void {
  const call = plan.configuration.root_module.module_calls?.['api_container'];
  Object.assign(call?.expressions ?? {}, { [argument]: { constant_value: value } });
}

export const planMistakes: readonly PlanMistake[] = [
  {
    mistake: 'the firewall detached',
    rule: 'MOVIES_PLAN_1',
    message: 'no web ACL is attached',
    make: (plan) => {
      const changes = (plan.resource_changes ?? []) as ResourceChange[];
      changes.splice(
        changes.findIndex(({ type }) => type === 'aws_wafv2_web_acl_association'),
        1,
      );
    },
  },
  {
    mistake: 'the circuit breaker switched off',
    rule: 'MOVIES_PLAN_3',
    message: 'no circuit breaker',
    make: (plan) => {
      valuesOf(plan, 'module.service.aws_ecs_service')['deployment_circuit_breaker'] = [
        { enable: false, rollback: false },
      ];
    },
  },
  {
    mistake: 'a deployment that stops tasks first',
    rule: 'MOVIES_PLAN_3',
    message: 'stops tasks before',
    make: (plan) => {
      valuesOf(plan, 'module.service.aws_ecs_service')['deployment_minimum_healthy_percent'] = 50;
    },
  },
  {
    mistake: '/metrics forwarded by the load balancer',
    rule: 'MOVIES_PLAN_4',
    message: 'forwards to port 9464',
    make: (plan) => {
      valuesOf(plan, 'module.alb.aws_lb_target_group')['port'] = 9464;
    },
  },
  {
    mistake: 'the tasks opened to the internet',
    rule: 'MOVIES_PLAN_5',
    message: 'is open to the internet',
    make: (plan) => {
      valuesOf(plan, 'aws_vpc_security_group_ingress_rule.service_from_alb')['cidr_ipv4'] = '0.0.0.0/0';
    },
  },
  {
    mistake: 'a default tag that only the apply tells',
    rule: 'MOVIES_PLAN_9',
    message: 'takes a default tag from random_id.run.hex',
    make: ({ configuration: { provider_config: { aws } = {} } }) => {
      Object.assign(aws?.expressions ?? {}, {
        default_tags: [{ tags: { references: ['random_id.run.hex'] } }],
      });
    },
  },
  {
    mistake: 'a container that runs as root',
    rule: 'MOVIES_PLAN_7',
    message: 'runs as root',
    make: (plan) => {
      container(plan, 'user', '0');
    },
  },
  {
    mistake: 'a container that may write its own code',
    rule: 'MOVIES_PLAN_7',
    message: 'may write',
    make: (plan) => {
      container(plan, 'readonly_root_filesystem', false);
    },
  },
  {
    mistake: 'a tag in place of a digest',
    rule: 'MOVIES_PLAN_8',
    message: 'movies-api:latest',
    make: (plan) => {
      container(plan, 'image', '123456789012.dkr.ecr.eu-west-1.amazonaws.com/movies-api:latest');
    },
  },
  {
    mistake: 'an image by another way than a variable',
    rule: 'MOVIES_PLAN_8',
    message: 'runs an image that the plan does not tell (local.image): its image has to be var.image',
    make: (plan) => {
      const call = plan.configuration.root_module.module_calls?.['api_container'];
      Object.assign(call?.expressions ?? {}, { image: { references: ['local.image'] } });
    },
  },
  {
    mistake: 'a task role that may do everything with the table',
    rule: 'MOVIES_PLAN_2',
    message: 'allows dynamodb:*',
    make: (plan) => {
      const [statement] = valuesOf(plan, 'data.aws_iam_policy_document.task')[
        'statement'
      ] as unknown as Values[];
      Object.assign(statement ?? {}, { actions: ['dynamodb:*'] });
    },
  },
];
