import {
  account,
  type Answer,
  type Call,
  escape,
  form,
  type Forward,
  type Gap,
  isObject,
  json,
  type JsonObject,
  list,
  members,
  readJson,
  refusal,
  regionOf,
  text,
  xml,
} from './call.ts';

/** What CreateService and UpdateService take and moto forgets. */
const kept = [
  'availabilityZoneRebalancing',
  'capacityProviderStrategy',
  'deploymentConfiguration',
  'enableECSManagedTags',
  'enableExecuteCommand',
  'healthCheckGracePeriodSeconds',
  'networkConfiguration',
  'placementConstraints',
  'placementStrategy',
  'platformVersion',
];

/** ECS services as they were asked for, by ARN. */
export function ecsServices(): Gap {
  const asked = new Map<string, JsonObject>();
  const remember = (call: Call, answer: Answer, before: (arn: string) => JsonObject | undefined): void => {
    const { service } = readJson(answer.body);
    if (!isObject(service)) return;
    const sent = Object.entries(readJson(call.body)).filter(([key]) => kept.includes(key));
    const arn = text(service['serviceArn']);
    asked.set(arn, { ...before(arn), ...Object.fromEntries(sent) });
  };
  const complete = (answer: Answer): Answer => {
    if (answer.status !== 200) return answer;
    const whole = (service: JsonObject): JsonObject =>
      describe(service, asked.get(text(service['serviceArn'])) ?? {});
    const { service, services, ...rest } = readJson(answer.body);
    return json({
      ...rest,
      ...(isObject(service) ? { service: whole(service) } : {}),
      ...(Array.isArray(services) ? { services: list(services).map(whole) } : {}),
    });
  };
  return {
    reason:
      'moto keeps half of what a service is asked to be and leaves its tasks pending: a second plan would show changes',
    answers: {
      'ecs.CreateService': async (call, forward) => {
        const answer = await forward(call);
        remember(call, answer, () => undefined);
        return complete(answer);
      },
      'ecs.UpdateService': async (call, forward) => {
        const answer = await forward(deploying(call));
        remember(call, answer, (arn) => asked.get(arn));
        return complete(answer);
      },
      'ecs.DeleteService': async (call, forward) => complete(await forward(call)),
      'ecs.DescribeServices': async (call, forward) => complete(await forward(call)),
    },
  };
}

/** AWS starts a deployment for a new task definition by itself, moto only when forced to. */
function deploying(call: Call): Call {
  const request = readJson(call.body);
  if (!('taskDefinition' in request)) return call;
  return { ...call, body: Buffer.from(JSON.stringify({ ...request, forceNewDeployment: true })) };
}

/** moto starts no task, so whoever waits for a steady state is told that the desired tasks run. */
function describe(service: JsonObject, asked: JsonObject): JsonObject {
  const { launchType, desiredCount, taskDefinition, ...rest } = service;
  const running = { desiredCount, taskDefinition, runningCount: desiredCount, pendingCount: 0 };
  const { capacityProviderStrategy, platformVersion, networkConfiguration } = asked;
  const placement = {
    ...(capacityProviderStrategy === undefined ? { launchType } : { capacityProviderStrategy }),
    ...(platformVersion === undefined ? {} : { platformVersion }),
    ...(networkConfiguration === undefined ? {} : { networkConfiguration }),
  };
  const deployments = list(service['deployments']).map(({ launchType: _, ...one }) => ({
    ...one,
    ...running,
    ...placement,
    rolloutState: 'COMPLETED',
  }));
  return { ...rest, ...running, ...asked, ...placement, deployments };
}

const namespace = 'http://monitoring.amazonaws.com/doc/2010-08-01/';
const suppressor = ['', 'WaitPeriod', 'ExtensionPeriod'].map((end) => `ActionsSuppressor${end}`);
const scalars = ['AlarmName', 'AlarmRule', 'AlarmDescription', 'ActionsEnabled', ...suppressor];
const lists = ['AlarmActions', 'OKActions', 'InsufficientDataActions'];

interface Alarm {
  readonly name: string;
  readonly arn: string;
  readonly xml: string;
  /** The same for clients that speak JSON: the AWS SDK for JavaScript does, Terraform's doesn't. */
  readonly json: JsonObject;
  readonly tags: ReadonlyMap<string, string>;
}

/** Alarms over alarms. */
export function compositeAlarms(): Gap {
  const alarms = new Map<string, Alarm>();
  const byArn = (call: Call): Alarm | undefined =>
    [...alarms.values()].find(({ arn }) => arn === form(call).get('ResourceARN'));

  const retag =
    (action: string, change: (call: Call, tags: Map<string, string>) => void) =>
    async (call: Call, forward: Forward): Promise<Answer> => {
      const alarm = byArn(call);
      if (!alarm) return forward(call);
      const tags = new Map(alarm.tags);
      change(call, tags);
      alarms.set(alarm.name, { ...alarm, tags });
      return xml(action, namespace, '');
    };

  return {
    reason:
      'moto can describe composite alarms but not make them; aws_cloudwatch_composite_alarm also reads its tags',
    answers: {
      'monitoring.PutCompositeAlarm': (call) => {
        const alarm = toAlarm(call);
        if (!alarm)
          return refusal(call, 'ValidationError', 'A composite alarm needs AlarmName and AlarmRule.');
        alarms.set(alarm.name, { ...alarm, tags: alarms.get(alarm.name)?.tags ?? alarm.tags });
        return xml('PutCompositeAlarm', namespace, '');
      },
      'monitoring.DescribeAlarms': async (call, forward) => {
        const answer = await forward(call);
        const found = selected([...alarms.values()], call);
        if (call.protocol === 'json')
          return json({ ...readJson(answer.body), CompositeAlarms: found.map((alarm) => alarm.json) });
        const body = answer.body.toString();
        const whole = body.replace(
          '<CompositeAlarms/>',
          `<CompositeAlarms>${found.map((alarm) => member(alarm.xml)).join('')}</CompositeAlarms>`,
        );
        return { ...answer, body: Buffer.from(whole) };
      },
      'monitoring.DeleteAlarms': (call, forward) => {
        members(form(call), 'AlarmNames').forEach((name) => alarms.delete(name));
        return forward(call);
      },
      'monitoring.ListTagsForResource': async (call, forward) => {
        const alarm = byArn(call);
        if (!alarm) return forward(call);
        const tags = [...alarm.tags].map(([key, value]) =>
          member(element('Key', key) + element('Value', value)),
        );
        return xml('ListTagsForResource', namespace, `<Tags>${tags.join('')}</Tags>`);
      },
      'monitoring.TagResource': retag('TagResource', (call, tags) => {
        tagsOf(form(call)).forEach((value, key) => tags.set(key, value));
      }),
      'monitoring.UntagResource': retag('UntagResource', (call, tags) => {
        members(form(call), 'TagKeys').forEach((key) => tags.delete(key));
      }),
    },
  };
}

function toAlarm(call: Call): Alarm | undefined {
  const fields = form(call);
  const name = fields.get('AlarmName');
  if (name === null || !fields.has('AlarmRule')) return undefined;
  const arn = `arn:aws:cloudwatch:${regionOf(call)}:${account}:alarm:${name}`;
  const body = [
    ...scalars.flatMap((key) => (fields.has(key) ? [element(key, fields.get(key) ?? '')] : [])),
    ...lists.map((key) => {
      const values = members(fields, key).map((one) => member(escape(one)));
      return `<${key}>${values.join('')}</${key}>`;
    }),
    element('AlarmArn', arn),
    element('StateValue', 'INSUFFICIENT_DATA'),
  ];
  const described: JsonObject = {
    AlarmName: name,
    AlarmArn: arn,
    AlarmRule: fields.get('AlarmRule') ?? '',
    AlarmDescription: fields.get('AlarmDescription') ?? '',
    ActionsEnabled: fields.get('ActionsEnabled') !== 'false',
    StateValue: 'INSUFFICIENT_DATA',
    ...Object.fromEntries(lists.map((key) => [key, [...members(fields, key)]])),
  };
  return { name, arn, xml: body.join(''), json: described, tags: tagsOf(fields) };
}

/** The alarms that a call asks for. */
function selected(alarms: readonly Alarm[], call: Call): readonly Alarm[] {
  const fields = form(call);
  const asked = call.protocol === 'json' ? readJson(call.body) : undefined;
  const texts = (key: string): readonly string[] => {
    const values = asked?.[key];
    return Array.isArray(values) ? values.map(String) : members(fields, key);
  };
  const prefix = text(asked?.['AlarmNamePrefix']) || (fields.get('AlarmNamePrefix') ?? '');
  const [names, types] = [texts('AlarmNames'), texts('AlarmTypes')];
  if (types.length > 0 && !types.includes('CompositeAlarm')) return [];
  return alarms.filter(({ name }) => name.startsWith(prefix) && (names.length === 0 || names.includes(name)));
}

const tagsOf = (fields: URLSearchParams): ReadonlyMap<string, string> => {
  const values = members(fields, 'Tags', '.Value');
  return new Map(members(fields, 'Tags', '.Key').map((key, index) => [key, values[index] ?? '']));
};

const member = (inner: string): string => `<member>${inner}</member>`;
const element = (name: string, value: string): string => `<${name}>${escape(value)}</${name}>`;
