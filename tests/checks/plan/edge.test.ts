import { checkPlans } from '../../support/plan/checks.ts';
import { from, present } from '../../../tools/lib/plan/matchers.ts';

const withDomain = ['staging', 'prod'] as const;
const managedGroups = [
  'AWSManagedRulesCommonRuleSet',
  'AWSManagedRulesKnownBadInputsRuleSet',
  'AWSManagedRulesAmazonIpReputationList',
  'AWSManagedRulesAnonymousIpList',
];

checkPlans({
  'the load balancer drops malformed headers, logs who came, and outlives a mistake in prod': {
    holds: (plan, environment) => {
      plan.every('aws_lb', {
        drop_invalid_header_fields: true,
        desync_mitigation_mode: 'defensive',
        enable_deletion_protection: environment === 'prod',
        idle_timeout: 60,
        access_logs: { enabled: true },
      });
    },
    mistakes: {
      'headers are let through': ({ planned }) => {
        planned('aws_lb.this', (after) => (after.drop_invalid_header_fields = false));
      },
      'access is not logged': ({ planned }) => {
        planned('aws_lb.this', (after) => (after.access_logs[0].enabled = false));
      },
    },
  },

  'prod is protected from deletion': {
    only: ['prod'],
    holds: (plan) => {
      plan.every('aws_lb', { enable_deletion_protection: true });
    },
    mistakes: {
      'protection is off': ({ planned }) => {
        planned('aws_lb.this', (after) => (after.enable_deletion_protection = false));
      },
    },
  },

  'TLS 1.2 is the floor, 1.3 is offered, and plain HTTP is only sent on': {
    only: withDomain,
    holds: (plan) => {
      plan.resource('aws_lb_listener', 'this["https"]').has({
        port: 443,
        protocol: 'HTTPS',
        ssl_policy: /^ELBSecurityPolicy-TLS13-1-2-Res(-PQ)?-20/,
        certificate_arn: from('aws_acm_certificate_validation.main'),
      });
      plan.resource('aws_lb_listener', 'this["redirect"]').has({
        port: 80,
        default_action: {
          type: 'redirect',
          redirect: { protocol: 'HTTPS', port: '443', status_code: 'HTTP_301' },
        },
      });
      expect(plan.all('aws_lb_listener')).toHaveLength(2);
    },
    mistakes: {
      'old clients are let in': ({ planned }) => {
        planned('aws_lb_listener.this["https"]', (after) => (after.ssl_policy = 'ELBSecurityPolicy-2016-08'));
      },
      'plain HTTP is answered': ({ planned }) => {
        planned('aws_lb_listener.this["redirect"]', (after) => (after.default_action[0].type = 'forward'));
      },
      'a third listener appears': ({ add }) => {
        add('aws_lb_listener', { port: 9464, protocol: 'HTTP' });
      },
    },
  },

  'without a domain, plain HTTP is for the named networks only': {
    only: ['dev'],
    holds: (plan) => {
      plan.every('aws_vpc_security_group_ingress_rule', { from_port: present });
      plan.resource('aws_vpc_security_group_ingress_rule', 'alb_http').has({ cidr_ipv4: '198.51.100.0/24' });
      expect(plan.all('aws_lb_listener')).toHaveLength(1);
    },
    mistakes: {
      'the whole internet is let in': ({ planned }) => {
        planned('aws_vpc_security_group_ingress_rule.alb_http', (after) => (after.cidr_ipv4 = '0.0.0.0/0'));
      },
      'a second listener appears': ({ add }) => {
        add('aws_lb_listener', { port: 9464, protocol: 'HTTP' });
      },
    },
  },

  'the firewall is attached to the load balancer': {
    holds: (plan) => {
      plan.resource('aws_wafv2_web_acl_association', 'main').has({
        resource_arn: from('module.alb.aws_lb.this'),
        web_acl_arn: from('module.web_acl.aws_wafv2_web_acl.main'),
      });
    },
    mistakes: {
      'it is detached': ({ remove }) => {
        remove('aws_wafv2_web_acl_association.main');
      },
      'it is attached to something else': ({ configured }) => {
        configured('aws_wafv2_web_acl_association.main', (expressions) => {
          expressions.resource_arn.references = ['module.vpc.vpc_id'];
        });
      },
    },
  },

  'the firewall has the managed rules, two rates and a body limit': {
    holds: (plan) => {
      const rules = managedGroups.map((name) => ({ statement: { managed_rule_group_statement: { name } } }));
      plan.resource('aws_wafv2_web_acl', 'main').has({
        rule: [
          ...rules,
          { name: 'rate', statement: { rate_based_statement: { aggregate_key_type: 'IP', limit: 2000 } } },
          { name: 'write-rate', statement: { rate_based_statement: { scope_down_statement: present } } },
          {
            name: 'body-size',
            statement: {
              size_constraint_statement: { field_to_match: { body: { oversize_handling: 'MATCH' } } },
            },
          },
        ],
      });
    },
    mistakes: Object.fromEntries(
      [...managedGroups, 'rate', 'write-rate', 'body-size'].map((name) => [
        `${name} is left out`,
        ({ planned }) => {
          planned('module.web_acl.aws_wafv2_web_acl.main', (after) => {
            after.rule = after.rule.filter(
              (rule: unknown) => !JSON.stringify(rule).includes(`"name":"${name}"`),
            );
          });
        },
      ]),
    ),
  },

  'what the firewall logs has no Authorization header': {
    holds: (plan) => {
      plan.every('aws_wafv2_web_acl_logging_configuration', {
        redacted_fields: [{ single_header: { name: 'authorization' } }],
      });
    },
    mistakes: {
      'tokens are logged': ({ planned }) => {
        planned('aws_wafv2_web_acl_logging_configuration', (after) => (after.redacted_fields = []));
      },
    },
  },

  'the bucket of access logs is closed, encrypted, versioned and emptied in time': {
    holds: (plan) => {
      plan.resource('aws_s3_bucket_public_access_block', 'alb_logs').has({
        block_public_acls: true,
        block_public_policy: true,
        ignore_public_acls: true,
        restrict_public_buckets: true,
      });
      plan
        .resource('aws_s3_bucket_versioning', 'alb_logs')
        .has({ versioning_configuration: { status: 'Enabled' } });
      plan
        .resource('aws_s3_bucket_lifecycle_configuration', 'alb_logs')
        .has({ rule: [{ status: 'Enabled', expiration: [{ days: present }] }] });
      plan.resource('aws_s3_bucket_server_side_encryption_configuration', 'alb_logs').has({ rule: present });
    },
    mistakes: {
      'public policies are allowed': ({ planned }) => {
        planned('aws_s3_bucket_public_access_block.alb_logs', (after) => (after.block_public_policy = false));
      },
      'encryption is dropped': ({ remove }) => {
        remove('aws_s3_bucket_server_side_encryption_configuration.alb_logs');
      },
      'logs are kept for ever': ({ planned }) => {
        planned(
          'aws_s3_bucket_lifecycle_configuration.alb_logs',
          (after) => (after.rule[0].status = 'Disabled'),
        );
      },
    },
  },

  'the balancer asks whether a task lives, and lets its requests finish': {
    holds: (plan) => {
      plan.every('aws_lb_target_group', {
        port: 8080,
        target_type: 'ip',
        deregistration_delay: '30',
        health_check: { path: '/healthz', matcher: '200', interval: 10, unhealthy_threshold: 2 },
      });
    },
    mistakes: {
      'metrics are forwarded': ({ planned }) => {
        planned('aws_lb_target_group.this', (after) => (after.port = 9464));
      },
      'it asks for readiness, so that a lost database replaces every task': ({ planned }) => {
        planned('aws_lb_target_group.this', (after) => (after.health_check[0].path = '/readyz'));
      },
    },
  },
});
