import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Slo } from '../../../tools/lib/objectives.ts';
import { checkPlans } from '../../support/plan/checks.ts';
import { from, oneOf, present } from '../../../tools/lib/terraform/matchers.ts';

const slo = parse(readFileSync('docs/slo.yaml', 'utf8')) as Slo;
const objectives = Object.keys(slo.objectives);
const prometheusRules = readFileSync('modules/observability/prometheus/rules.yaml', 'utf8');
const collectorConfig = readFileSync('app/collector/config.yaml', 'utf8');

checkPlans({
  'each objective has a page and a ticket, made of a long and a short window': {
    holds: (plan) => {
      const burns = plan.all('aws_cloudwatch_composite_alarm').filter(({ name }) => name === 'burn');
      expect(burns).toHaveLength(objectives.length * 2);
      for (const burn of burns) burn.has({ alarm_rule: /^\(ALARM\("[^"]+"\) AND ALARM\("[^"]+"\)\)/ });
      expect(plan.all('aws_cloudwatch_metric_alarm').filter(({ name }) => name === 'window')).toHaveLength(
        objectives.length * slo.burn_rates.length * 2,
      );
    },
    mistakes: {
      'an objective pages nobody': ({ remove }) => {
        remove('aws_cloudwatch_composite_alarm.burn["availability_reads page"]');
      },
      'a window is lost': ({ remove }) => {
        remove('aws_cloudwatch_metric_alarm.window');
      },
      'one window is enough': ({ planned }) => {
        planned('aws_cloudwatch_composite_alarm.burn', (after) => (after.alarm_rule = 'ALARM("one")'));
      },
    },
  },

  'reads and writes are counted apart, from the request log': {
    holds: (plan) => {
      for (const objective of objectives) {
        for (const part of ['all', 'bad']) {
          plan
            .resource('aws_cloudwatch_log_metric_filter', `objective["${objective}_${part}"]`)
            .has({ pattern: /\$\.msg = "request"/, metric_transformation: { default_value: '0' } });
        }
      }
    },
    mistakes: {
      'bad answers are not counted': ({ remove }) => {
        remove('aws_cloudwatch_log_metric_filter.objective["availability_writes_bad"]');
      },
      'silence is no zero': ({ planned }) => {
        planned(
          'aws_cloudwatch_log_metric_filter.objective',
          (after) => (after.metric_transformation[0].default_value = null),
        );
      },
    },
  },

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
      'they read another kind of balancer': ({ planned }) => {
        planned('aws_cloudwatch_metric_alarm.deployment', (after) => (after.namespace = 'AWS/NetworkELB'));
      },
      'they read all target groups': ({ configured }) => {
        configured('aws_cloudwatch_metric_alarm.deployment', (expressions) => {
          expressions.dimensions.references = ['module.alb.arn_suffix', 'module.alb'];
        });
      },
    },
  },

  'what maintenance rings is quiet by the alarm that says that it is on': {
    holds: (plan, environment) => {
      const keys = ['edge-errors', 'blocked-requests', ...(environment === 'prod' ? ['outside-probe'] : [])];
      for (const key of keys) {
        plan.resource('aws_cloudwatch_composite_alarm', `unless_maintenance["${key}"]`).has({
          actions_suppressor: [{ alarm: /-maintenance$/, wait_period: present, extension_period: present }],
        });
      }
    },
    mistakes: {
      'one rings': ({ planned }) => {
        planned(
          'aws_cloudwatch_composite_alarm.unless_maintenance',
          (after) => (after.actions_suppressor = []),
        );
      },
      'another one decides': ({ planned }) => {
        planned(
          'aws_cloudwatch_composite_alarm.unless_maintenance',
          (after) => (after.actions_suppressor[0].alarm = 'movies-api-dev-log-errors'),
        );
      },
    },
  },

  'failed, rolled-back and impaired deployments page': {
    holds: (plan) => {
      for (const kind of ['failed', 'rolled-back', 'impaired']) {
        plan.resource('aws_cloudwatch_event_rule', `deployment["${kind}"]`).has({ event_pattern: present });
        plan
          .resource('aws_cloudwatch_event_target', `deployment["${kind}"]`)
          .has({ arn: from('aws_sns_topic.main'), role_arn: from('aws_iam_role.events') });
      }
    },
    mistakes: {
      'a rollback goes unseen': ({ remove }) => {
        remove('aws_cloudwatch_event_rule.deployment["rolled-back"]');
      },
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
      'a rule of its own': ({ planned }) => {
        planned(
          'aws_prometheus_rule_group_namespace',
          (after) => (after.data = after.data.replace('>= 0.0144', '>= 0.144')),
        );
      },
      'it pages as well': ({ add }) => {
        add('aws_prometheus_alert_manager_definition', { definition: 'alertmanager_config: {}' });
      },
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
    mistakes: {
      'it takes the task along': ({ output }) => {
        output('container_definitions', (after) => (after[1].essential = true));
      },
      'its image can change': ({ output }) => {
        output('container_definitions', (after) => (after[1].image = 'collector:latest'));
      },
      'it may take all of the memory': ({ output }) => {
        output('container_definitions', (after) => delete after[1].memory);
      },
      'it may take all of the processor': ({ output }) => {
        output('container_definitions', (after) => delete after[1].cpu);
      },
      'its configuration is another one': ({ output }) => {
        output('container_definitions', (after) => {
          const setting = after[1].environment.find(
            ({ name }: { name: string }) => name === 'AOT_CONFIG_CONTENT',
          );
          setting.value = setting.value.replace('127.0.0.1:9464', '127.0.0.1:9465');
        });
      },
    },
  },
});
