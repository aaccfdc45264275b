import { checkPlans } from '../../support/plan/checks.ts';
import { from, knownAfterApply, type Shape } from '../../../tools/lib/terraform/matchers.ts';
import type { Plan } from '../../../tools/lib/terraform/plan.ts';
import { isObject, show, type Value } from '../../../tools/lib/terraform/plan-json.ts';

const text = (value: Value | undefined): string => (typeof value === 'string' ? value : show(value));

const zones = ['eu-west-1a', 'eu-west-1b', 'eu-west-1c'];
const subnetsOf = (plan: Plan, tier: string) =>
  plan.all('aws_subnet').filter(({ address }) => address.includes(`aws_subnet.${tier}[`));

const rule = (
  owner: string,
  port: number,
  rest: Readonly<Record<string, Shape>>,
): Readonly<Record<string, Shape>> => ({
  security_group_id: from(`aws_security_group.${owner}`),
  ip_protocol: 'tcp',
  from_port: port,
  to_port: port,
  ...rest,
});
const group = (owner: string): Readonly<Record<string, Shape>> => ({
  referenced_security_group_id: from(`aws_security_group.${owner}`),
});
const network = '198.51.100.0/24';
/** Each rule by its direction and address, with its group, port and other end. */
type Rules = Readonly<Record<string, Readonly<Record<string, Shape>>>>;
const rulesOf: Readonly<Record<'all' | 'plain' | 'named' | 'everybody', Rules>> = {
  all: {
    'ingress service_from_alb': rule('service', 8080, group('alb')),
    'ingress endpoints_from_service': rule('endpoints', 443, group('service')),
    'egress alb_to_service': rule('alb', 8080, group('service')),
    'egress service_to_endpoints': rule('service', 443, group('endpoints')),
    'egress service_to_gateways["s3"]': rule('service', 443, {
      prefix_list_id: from('aws_vpc_endpoint.this'),
    }),
    'egress service_to_gateways["dynamodb"]': rule('service', 443, {
      prefix_list_id: from('aws_vpc_endpoint.this'),
    }),
    'egress service_to_issuer["0.0.0.0/0"]': rule('service', 443, { cidr_ipv4: '0.0.0.0/0' }),
  },
  plain: { [`ingress alb_http["${network}"]`]: rule('alb', 80, { cidr_ipv4: network }) },
  named: { [`ingress alb_https["${network}"]`]: rule('alb', 443, { cidr_ipv4: network }) },
  everybody: { 'ingress alb_https["0.0.0.0/0"]': rule('alb', 443, { cidr_ipv4: '0.0.0.0/0' }) },
};

checkPlans({
  'three zones have a public, a private and an intra subnet each': {
    holds: (plan) => {
      for (const tier of ['public', 'private', 'intra']) {
        const subnets = subnetsOf(plan, tier);
        expect(subnets).toHaveLength(3);
        subnets.forEach((subnet, index) => {
          const cidr_block = { public: `10.0.${192 + index}.0/24`, private: `10.0.${16 * index}.0/20` }[tier];
          subnet.has({
            availability_zone: zones[index] ?? '',
            map_public_ip_on_launch: false,
            cidr_block: cidr_block ?? `10.0.${208 + index}.0/24`,
          });
        });
      }
    },
    mistakes: {
      'a zone is left out': ({ remove }) => remove('module.vpc.aws_subnet.private[2]'),
    },
  },

  'DynamoDB and S3 are reached by gateway, the other services by interface endpoints with private names': {
    holds: (plan) => {
      const endpoint = (service: string) => plan.resource('aws_vpc_endpoint', `this["${service}"]`);
      for (const service of ['s3', 'dynamodb']) endpoint(service).has({ vpc_endpoint_type: 'Gateway' });
      for (const service of ['ecr.api', 'ecr.dkr', 'logs', 'secretsmanager'])
        endpoint(service).has({ vpc_endpoint_type: 'Interface', private_dns_enabled: true });
      expect(plan.all('aws_vpc_endpoint')).toHaveLength(6);
      plan.call('module.endpoints').has({
        subnet_ids: from('module.vpc.aws_subnet.intra'),
        security_group_ids: from('aws_security_group.endpoints'),
      });
    },
    mistakes: {
      'there is one more': ({ add }) => add('aws_vpc_endpoint', { vpc_endpoint_type: 'Interface' }),
    },
  },

  'the DynamoDB endpoint is for these tables only': {
    holds: (plan) => {
      plan.resource('aws_iam_policy_document', 'dynamodb_endpoint').has({
        statement: { resources: from('module.movies_table.aws_dynamodb_table.main') },
      });
    },
  },

  'who may speak to whom: each rule of each security group, and no other': {
    holds: (plan, environment) => {
      const rules = ['ingress', 'egress'].flatMap((direction) =>
        plan.all(`aws_vpc_security_group_${direction}_rule`).map((rule) => ({ direction, ...rule })),
      );
      const shapes = {
        ...rulesOf.all,
        ...(environment === 'dev'
          ? rulesOf.plain
          : environment === 'prod'
            ? rulesOf.everybody
            : rulesOf.named),
      };
      expect(
        rules.map(({ address, direction }) => `${direction} ${address.split('_rule.')[1]}`).sort(),
      ).toEqual(Object.keys(shapes).sort());
      for (const rule of rules)
        rule.has(shapes[`${rule.direction} ${rule.address.split('_rule.')[1]}`] ?? {});
      // Rules of their own would be known.
      plan.every('aws_security_group', { egress: knownAfterApply, ingress: knownAfterApply });
      plan.none('aws_security_group_rule');
    },
    mistakes: {
      'nobody may come': ({ remove }) => remove('aws_vpc_security_group_ingress_rule.service_from_alb'),
      'a rule of the old kind': ({ add }) => add('aws_security_group_rule', { type: 'egress' }),
    },
  },

  'answers come back on every port that a balancer may ask from, remote desktop is let in from nowhere else':
    {
      holds: (plan) => {
        const rulesOfTier = (tier: string) =>
          plan
            .all('aws_network_acl_rule')
            .filter(({ address }) => address.includes(`.${tier}[`))
            .map(({ values: v }) =>
              isObject(v)
                ? `${show(v['rule_number'])} ${text(v['rule_action'])} ${show(v['from_port'])}-${show(v['to_port'])} ${text(v['cidr_block'])}`
                : '',
            );
        expect(
          [
            'public_inbound',
            'private_inbound',
            'intra_inbound',
            'public_outbound',
            'private_outbound',
            'intra_outbound',
          ].map((tier) => rulesOfTier(tier)),
        ).toEqual([
          [
            '100 allow 80-80 0.0.0.0/0',
            '110 allow 443-443 0.0.0.0/0',
            '115 allow 1024-65535 10.0.0.0/16',
            '120 deny 3389-3389 0.0.0.0/0',
            '130 allow 1024-65535 0.0.0.0/0',
          ],
          ['100 allow 8080-8080 10.0.0.0/16', '120 allow 32768-65535 0.0.0.0/0'],
          ['100 allow 443-443 10.0.0.0/16'],
          ['100 allow 443-443 0.0.0.0/0', '110 allow 1024-65535 0.0.0.0/0'],
          ['100 allow 443-443 0.0.0.0/0', '110 allow 1024-65535 10.0.0.0/16'],
          ['100 allow 1024-65535 10.0.0.0/16'],
        ]);
      },
      mistakes: {
        'remote desktop comes first': ({ planned }) =>
          planned('aws_network_acl_rule.public_inbound[3]', (after) => (after.rule_number = 112)),
      },
    },
});
