import { checkPlans } from '../../support/plan/checks.ts';
import { exactly, from } from '../../../tools/lib/plan/matchers.ts';
import type { Plan } from '../../../tools/lib/plan/plan.ts';

const zones = ['eu-west-1a', 'eu-west-1b', 'eu-west-1c'];
const subnetsOf = (plan: Plan, tier: string) =>
  plan.all('aws_subnet').filter(({ address }) => address.includes(`aws_subnet.${tier}[`));

checkPlans({
  'three zones have a public, a private and an intra subnet each': {
    holds: (plan) => {
      for (const tier of ['public', 'private', 'intra']) {
        const subnets = subnetsOf(plan, tier);
        expect(subnets).toHaveLength(3);
        subnets.forEach((subnet, index) => {
          subnet.has({ availability_zone: zones[index] ?? '', map_public_ip_on_launch: false });
        });
      }
    },
    mistakes: {
      'a zone is left out': ({ remove }) => {
        remove('module.vpc.aws_subnet.private[2]');
      },
      'a subnet hands out public addresses': ({ planned }) => {
        planned('module.vpc.aws_subnet.public[0]', (after) => (after.map_public_ip_on_launch = true));
      },
    },
  },

  'what flows is logged, all of it, in a group with a key and an end': {
    holds: (plan) => {
      plan.every('aws_flow_log', { traffic_type: 'ALL', log_destination_type: 'cloud-watch-logs' });
      plan.resource('aws_cloudwatch_log_group', 'flow_log').has({ kms_key_id: from('aws_kms_key.main') });
    },
    mistakes: {
      'only refusals are logged': ({ planned }) => {
        planned('aws_flow_log', (after) => (after.traffic_type = 'REJECT'));
      },
      'nothing is logged': ({ remove }) => {
        remove('aws_flow_log');
      },
    },
  },

  'the default security group and network ACL let nothing through': {
    holds: (plan) => {
      const group = plan.resource('aws_default_security_group', 'this');
      group.has({ revoke_rules_on_delete: false });
      expect(group.values).not.toHaveProperty('ingress.0');
      expect(group.values).not.toHaveProperty('egress.0');
      const acl = plan.resource('aws_default_network_acl', 'this');
      expect(acl.values).not.toHaveProperty('ingress.0');
      expect(acl.values).not.toHaveProperty('egress.0');
    },
    mistakes: {
      'the default group lets everything out': ({ planned }) => {
        planned('aws_default_security_group', (after) => (after.egress = [{ protocol: '-1' }]));
      },
      'the default group lets everything in': ({ planned }) => {
        planned('aws_default_security_group', (after) => (after.ingress = [{ protocol: '-1' }]));
      },
      'the default ACL lets everything out': ({ planned }) => {
        planned('aws_default_network_acl', (after) => (after.egress = [{ action: 'allow' }]));
      },
      'the default ACL lets everything in': ({ planned }) => {
        planned('aws_default_network_acl', (after) => (after.ingress = [{ action: 'allow' }]));
      },
    },
  },

  'DynamoDB and S3 are reached by gateway, the other services by interface endpoints with private names': {
    holds: (plan) => {
      const endpoints = plan.all('aws_vpc_endpoint');
      const typeOf = (service: string) =>
        endpoints.find(({ address }) => address.endsWith(`["${service}"]`))?.has;
      for (const service of ['s3', 'dynamodb']) typeOf(service)?.({ vpc_endpoint_type: 'Gateway' });
      for (const service of ['ecr.api', 'ecr.dkr', 'logs', 'secretsmanager']) {
        const check = typeOf(service);
        if (check === undefined) throw new Error(`There is no endpoint for ${service}`);
        check({ vpc_endpoint_type: 'Interface', private_dns_enabled: true });
      }
    },
    mistakes: {
      'the logs endpoint is missing': ({ remove }) => {
        remove('aws_vpc_endpoint.this["logs"]');
      },
      'the database endpoint is an interface': ({ planned }) => {
        planned('aws_vpc_endpoint.this["dynamodb"]', (after) => (after.vpc_endpoint_type = 'Interface'));
      },
      'names do not lead to the endpoint': ({ planned }) => {
        planned('aws_vpc_endpoint.this["logs"]', (after) => (after.private_dns_enabled = false));
      },
    },
  },

  'the DynamoDB endpoint is for this table and this account only': {
    holds: (plan) => {
      plan.resource('aws_iam_policy_document', 'dynamodb_endpoint').has({
        statement: exactly({
          sid: 'ThisTableOnly',
          resources: from('module.movies_table.aws_dynamodb_table.main'),
          condition: { variable: 'aws:PrincipalAccount', values: ['123456789012'] },
        }),
      });
    },
    mistakes: {
      'another statement opens it': ({ planned }) => {
        planned('data.aws_iam_policy_document.dynamodb_endpoint', (after) =>
          after.statement.push({ sid: 'All' }),
        );
      },
      'any account may come': ({ planned }) => {
        planned(
          'data.aws_iam_policy_document.dynamodb_endpoint',
          (after) => delete after.statement[0].condition,
        );
      },
      'it is for another table': ({ configured }) => {
        configured('data.aws_iam_policy_document.dynamodb_endpoint', (expressions) => {
          expressions.statement[0].resources.references = ['aws_kms_key.main.arn'];
        });
      },
    },
  },

  'outside development, as many ways out as the environment promises': {
    holds: (plan, environment) => {
      expect(plan.all('aws_nat_gateway')).toHaveLength(environment === 'prod' ? 3 : 1);
    },
    mistakes: {
      'a gateway is left out': ({ remove }) => {
        remove('aws_nat_gateway.this[0]');
      },
    },
  },

  'tasks talk to the endpoints, the gateways and the issuer, and hear from the load balancer only': {
    holds: (plan) => {
      const rules = plan
        .all('aws_vpc_security_group_ingress_rule')
        .filter(({ address }) => address.includes('service'));
      expect(rules.map(({ address }) => address).sort()).toEqual([
        'aws_vpc_security_group_ingress_rule.endpoints_from_service',
        'aws_vpc_security_group_ingress_rule.service_from_alb',
      ]);
      plan.resource('aws_vpc_security_group_ingress_rule', 'service_from_alb').has({
        from_port: 8080,
        to_port: 8080,
        security_group_id: from('aws_security_group.service'),
        referenced_security_group_id: from('aws_security_group.alb'),
      });
    },
    mistakes: {
      'nobody may come': ({ remove }) => {
        remove('aws_vpc_security_group_ingress_rule.service_from_alb');
      },
      'the metrics port is opened as well': ({ planned }) => {
        planned('aws_vpc_security_group_ingress_rule.service_from_alb', (after) => (after.to_port = 9464));
      },
      'anybody may come': ({ configured }) => {
        configured('aws_vpc_security_group_ingress_rule.service_from_alb', (expressions) => {
          expressions.referenced_security_group_id.references = ['aws_security_group.endpoints.id'];
        });
      },
    },
  },
});
