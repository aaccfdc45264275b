import { checkPlans } from '../../support/plan/checks.ts';
import { absent, exactly, from, present, type Shape } from '../../../tools/lib/terraform/matchers.ts';

const withDomain = ['staging', 'prod'] as const;

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

  'TLS 1.2 is the floor, 1.3 with post-quantum keys is offered, and nothing listens but HTTPS': {
    only: withDomain,
    holds: (plan) => {
      plan.every('aws_lb_listener', {
        port: 443,
        protocol: 'HTTPS',
        ssl_policy: 'ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09',
        certificate_arn: from('aws_acm_certificate_validation.main'),
        default_action: { type: 'forward' },
      });
    },
    mistakes: {
      'plain HTTP is answered': ({ add }) => {
        add('aws_lb_listener', { port: 80, protocol: 'HTTP' });
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

  'the firewall stands before the load balancer and before where people sign in': {
    holds: (plan) => {
      const acl = { web_acl_arn: from('module.web_acl.aws_wafv2_web_acl.main') };
      plan
        .resource('aws_wafv2_web_acl_association', 'aws_wafv2_web_acl_association.main')
        .has({ ...acl, resource_arn: from('module.alb.aws_lb.this') });
      plan
        .resource('aws_wafv2_web_acl_association', 'user_pool')
        // Whose pool it is goes through each.key, which a plan can't be followed through.
        .has(acl);
    },
    mistakes: {
      'it is detached': ({ remove }) => {
        remove('aws_wafv2_web_acl_association.main');
      },
      'sign-in has none': ({ remove }) => {
        remove('aws_wafv2_web_acl_association.user_pool');
      },
    },
  },

  // What each rule does when it matches: modules/web-acl/tests. Here: the numbers of each environment.
  'each environment has its rates': {
    holds: (plan, environment) => {
      const [writes, common, injection] = {
        dev: [500, absent, absent] as const,
        staging: [300, absent, absent] as const,
        prod: [200, absent, absent] as const,
      }[environment];
      const rate = (name: string, limit: number) => ({
        name,
        statement: { rate_based_statement: { aggregate_key_type: 'IP', evaluation_window_sec: 300, limit } },
      });
      const group = (name: string, version: Shape) => ({
        name,
        override_action: { none: [{}] },
        statement: { managed_rule_group_statement: { name, version } },
      });
      plan.resource('aws_wafv2_web_acl', 'main').has({
        default_action: { allow: [{}] },
        rule: exactly(
          {
            name: 'body-size',
            statement: {
              size_constraint_statement: {
                size: 8192,
                comparison_operator: 'GT',
                field_to_match: { body: { oversize_handling: 'MATCH' } },
              },
            },
          },
          { name: 'maintenance', action: { block: { custom_response: { response_code: 503 } } } },
          rate('rate', 2000),
          rate('write-rate', writes),
          group('AWSManagedRulesAmazonIpReputationList', absent),
          group('AWSManagedRulesAnonymousIpList', absent),
          group('AWSManagedRulesKnownBadInputsRuleSet', absent),
          group('AWSManagedRulesSQLiRuleSet', injection),
          group('AWSManagedRulesCommonRuleSet', common),
        ),
      });
    },
    mistakes: {
      'writes are as frequent as reads': ({ planned }) => {
        planned('module.web_acl.aws_wafv2_web_acl.main', (after) => {
          for (const rule of after.rule)
            for (const rate of rule.statement[0].rate_based_statement ?? []) rate.limit = 2000;
        });
      },
      'a rule is left out': ({ planned }) => {
        planned('module.web_acl.aws_wafv2_web_acl.main', (after) => after.rule.pop());
      },
      'everybody is stopped': ({ planned }) => {
        planned(
          'module.web_acl.aws_wafv2_web_acl.main',
          (after) => (after.default_action = [{ allow: [], block: [{}] }]),
        );
      },
    },
  },

  'the firewall logs what it stops, without tokens': {
    holds: (plan) => {
      plan.every('aws_wafv2_web_acl_logging_configuration', {
        redacted_fields: [{ single_header: { name: 'authorization' } }],
        logging_filter: { default_behavior: 'DROP' },
      });
    },
    mistakes: {
      'each request that is let through is logged, with its token': ({ planned }) => {
        planned(
          'aws_wafv2_web_acl_logging_configuration',
          (after) => (after.redacted_fields = after.logging_filter = []),
        );
      },
    },
  },

  'the bucket of access logs is closed, encrypted, versioned and emptied in time': {
    holds: (plan, environment) => {
      plan.resource('aws_s3_bucket_public_access_block', 'alb_logs').has({
        block_public_acls: true,
        block_public_policy: true,
        ignore_public_acls: true,
        restrict_public_buckets: true,
      });
      plan
        .resource('aws_s3_bucket_versioning', 'alb_logs')
        .has({ versioning_configuration: { status: 'Enabled' } });
      plan.resource('aws_s3_bucket_lifecycle_configuration', 'alb_logs').has({
        rule: exactly({
          status: 'Enabled',
          filter: [{}],
          expiration: [{ days: { dev: 30, staging: 90, prod: 400 }[environment] }],
          noncurrent_version_expiration: [{ noncurrent_days: 30 }],
          abort_incomplete_multipart_upload: [{ days_after_initiation: 1 }],
        }),
      });
      plan
        .resource('aws_s3_bucket_server_side_encryption_configuration', 'alb_logs')
        .has({ rule: { apply_server_side_encryption_by_default: { sse_algorithm: 'AES256' } } });
      plan
        .resource('aws_s3_bucket_ownership_controls', 'alb_logs')
        .has({ rule: { object_ownership: 'BucketOwnerEnforced' } });
      plan.every('aws_s3_bucket', { force_destroy: environment !== 'prod' });
      plan.every('aws_s3_bucket_policy', { policy: from('data.aws_iam_policy_document.alb_logs') });
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

  'the name leads to the balancer while it lives, with a certificate that renews itself': {
    only: withDomain,
    holds: (plan) => {
      plan.every('aws_acm_certificate', { validation_method: 'DNS' });
      plan
        .resource('aws_route53_record', 'aws_route53_record.main')
        .has({ type: 'A', alias: { evaluate_target_health: true, name: from('module.alb.aws_lb.this') } });
      plan
        .resource('aws_route53_record', 'validation')
        .has({ ttl: 300, allow_overwrite: true, records: from('aws_acm_certificate.main') });
    },
    mistakes: {
      'it leads on to a balancer that is gone': ({ planned }) => {
        planned('aws_route53_record.main', (after) => (after.alias[0].evaluate_target_health = false));
      },
    },
  },

  'the balancer asks whether a task lives, and lets its requests finish': {
    holds: (plan) => {
      plan.every('aws_lb_target_group', {
        port: 8080,
        target_type: 'ip',
        deregistration_delay: '30',
        protocol: 'HTTP',
        load_balancing_algorithm_type: 'least_outstanding_requests',
        health_check: {
          path: '/healthz',
          matcher: '200',
          interval: 10,
          timeout: 5,
          healthy_threshold: 2,
          unhealthy_threshold: 2,
        },
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
