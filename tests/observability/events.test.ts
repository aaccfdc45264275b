import { beforeAll, describe, expect, test } from '@jest/globals';
import { parseFilterPattern } from '../support/cloudwatch/filter-pattern.ts';
import { matchEvents } from '../support/cloudwatch/event-pattern.ts';
import { planned } from '../support/cloudwatch/planned-alarms.ts';
import { describeWith, program } from '../support/requirements.ts';
import { events, type EventName } from './ecs-events.ts';

const names = Object.keys(events) as EventName[];
const failedTasks: readonly EventName[] = [
  'a task ends by itself',
  'a task can’t start',
  'a task fails the load balancer’s checks',
  'a task fails its own checks',
];
/** What the rule of the log takes, which the filters below then read. */
const recorded = names.filter((name) => !/another|a task runs/.test(name));

describeWith([program('python3', 'install Python 3.10 or newer')], 'rules on what ECS publishes', () => {
  const rules = [...planned<{ event_pattern: string }>('prod', 'aws_cloudwatch_event_rule')];
  let taken: ReadonlyMap<string, readonly EventName[]>;

  beforeAll(async () => {
    const patterns = rules.map(([, { event_pattern: pattern }]) => pattern);
    const matrix = await matchEvents(patterns, Object.values(events));
    taken = new Map(
      rules.map(([rule], row): [string, EventName[]] => [
        rule,
        names.filter((_name, column) => matrix[row]?.[column]),
      ]),
    );
  }, 120_000);

  test('each page is sent for its events of this service, and everything of it is recorded', () => {
    expect(Object.fromEntries(taken)).toEqual({
      'deployment["failed"]': ['a deployment fails'],
      'deployment["rolled-back"]': ['a deployment is rolled back'],
      'deployment["impaired"]': ['tasks can’t start', 'tasks find no place'],
      recorded,
    });
  });
});

describe('metric filters on recorded events', () => {
  const filters = planned<{ pattern: string }>('prod', 'aws_cloudwatch_log_metric_filter');
  const countedBy = (filter: string): readonly EventName[] => {
    const matches = parseFilterPattern(filters.get(filter)?.pattern ?? '');
    return recorded.filter((name) => matches(JSON.stringify(events[name])));
  };

  test('a task that failed is counted, one that makes room or is taken back is not', () => {
    expect(countedBy('task_failures')).toEqual(failedTasks);
  });

  test('a deployment is counted when it begins, a rollback as well', () => {
    expect(countedBy('deployments')).toEqual(['a deployment begins', 'a deployment is rolled back']);
  });
});
