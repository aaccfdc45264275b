// What their role may do stands in safety.test.ts.
import { each, from } from '../../../tools/lib/terraform/matchers.ts';
import { checkPlans } from '../../support/plan/checks.ts';

checkPlans({
  'experiments exist, but in prod only for whoever asks': {
    holds: (plan, environment) => {
      expect(plan.all('aws_fis_experiment_template')).toHaveLength(environment === 'prod' ? 0 : 4);
    },
    mistakes: {
      'one is new': ({ add }) => add('aws_fis_experiment_template', { description: 'The table is gone' }),
    },
  },

  'each experiment is stopped by an objective whose budget burns, and ends by itself': {
    only: ['dev', 'staging'],
    holds: (plan) => {
      plan.every('aws_fis_experiment_template', {
        role_arn: from('aws_iam_role.experiments'),
        stop_condition: each({ source: 'aws:cloudwatch:alarm' }),
      });
      for (const template of plan
        .all('aws_fis_experiment_template')
        .filter(({ name }) => name === 'zone_lost')) {
        for (const tier of ['private', 'public', 'intra'])
          template.has({
            target: [
              { resource_type: 'aws:ec2:subnet', resource_arns: from(`module.vpc.aws_subnet.${tier}`) },
            ],
          });
        template.has({
          action: [
            {
              action_id: 'aws:network:disrupt-connectivity',
              parameter: [
                { key: 'duration', value: 'PT5M' },
                { key: 'scope', value: 'all' },
              ],
            },
          ],
        });
      }
      plan.resource('aws_fis_experiment_template', 'task_lost').has({
        action: [{ action_id: 'aws:ecs:stop-task' }],
        target: [{ resource_type: 'aws:ecs:task', selection_mode: 'COUNT(1)' }],
      });
    },
  },
});
