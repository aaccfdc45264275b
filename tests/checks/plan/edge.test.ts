import { checkPlans } from '../../support/plan/checks.ts';
import { absent, exactly, from } from '../../../tools/lib/terraform/matchers.ts';

checkPlans({
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
  },

  // What each rule does when it matches: modules/web-acl/tests. Here: the numbers of each environment.
  'each environment has its rates': {
    holds: (plan, environment) => {
      const rate = (name: string, limit: number) => ({
        name,
        statement: { rate_based_statement: { aggregate_key_type: 'IP', evaluation_window_sec: 300, limit } },
      });
      const group = (name: string) => ({
        name,
        override_action: { none: [{}] },
        statement: { managed_rule_group_statement: { name, version: absent } },
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
          rate('write-rate', { dev: 500, staging: 300, prod: 200 }[environment]),
          group('AWSManagedRulesAmazonIpReputationList'),
          group('AWSManagedRulesAnonymousIpList'),
          group('AWSManagedRulesKnownBadInputsRuleSet'),
          group('AWSManagedRulesSQLiRuleSet'),
          group('AWSManagedRulesCommonRuleSet'),
        ),
      });
    },
  },
});
