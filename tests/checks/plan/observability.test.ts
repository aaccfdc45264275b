import { readFileSync } from 'node:fs';
import { checkPlans } from '../../support/plan/checks.ts';
import { from, oneOf } from '../../../tools/lib/terraform/matchers.ts';

const prometheusRules = readFileSync('modules/observability/prometheus/rules.yaml', 'utf8');
const collectorConfig = readFileSync('app/collector/config.yaml', 'utf8');

checkPlans({
  'what undoes a deployment reads the figures of its own target group, two minutes running': {
    holds: (plan) => {
      const alarms = {
        'target-errors': ['HTTPCode_Target_5XX_Count', 'Sum', 10],
        'unhealthy-targets': ['UnHealthyHostCount', 'Minimum', 0],
      } as const;
      for (const [name, [metric_name, statistic, threshold]] of Object.entries(alarms)) {
        const alarm = plan.resource('aws_cloudwatch_metric_alarm', `deployment["${name}"]`);
        const reads = { namespace: 'AWS/ApplicationELB', metric_name, statistic, period: 60 };
        alarm.has({
          ...reads,
          threshold,
          evaluation_periods: 2,
          comparison_operator: 'GreaterThanThreshold',
          treat_missing_data: 'notBreaching',
          dimensions: from('module.alb.aws_lb.this'),
        });
        alarm.has({ dimensions: from('module.alb.aws_lb_target_group.this') });
      }
    },
    mistakes: {
      'they read all target groups': ({ configured }) =>
        configured('aws_cloudwatch_metric_alarm.deployment', (expressions) => {
          expressions.dimensions.references = ['module.alb.arn_suffix', 'module.alb'];
        }),
    },
  },

  'Managed Prometheus evaluates the rules that the local one does': {
    holds: (plan) => {
      plan
        .resource('aws_prometheus_rule_group_namespace', 'main')
        .has({ data: prometheusRules, workspace_id: from('aws_prometheus_workspace.main') });
      // Who is told is CloudWatch's business: two owners of a page would tell people twice.
      plan.none('aws_prometheus_alert_manager_definition');
    },
    mistakes: {
      'it pages as well': ({ add }) =>
        add('aws_prometheus_alert_manager_definition', { definition: 'alertmanager_config: {}' }),
    },
  },

  'the collector beside the service can die alone': {
    holds: (plan) => {
      plan.output('container_definitions').has([
        { name: 'api', essential: true },
        {
          name: oneOf('collector', 'adot', 'otel-collector'),
          essential: false,
          restartPolicy: { enabled: true },
          // A copy in the service's own repository: a start must not wait for somebody else's registry.
          image: /^123456789012\.dkr\.ecr\.eu-west-1\.amazonaws\.com\/movies-api@sha256:9b28[0-9a-f]{60}$/,
          readonlyRootFilesystem: true,
          cpu: 32,
          memory: 160,
          // The one that tests run in the real collector.
          environment: [{ name: 'AOT_CONFIG_CONTENT', value: collectorConfig }],
        },
      ]);
    },
  },
});
