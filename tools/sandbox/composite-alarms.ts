import {
  account,
  type Answer,
  type Call,
  escape,
  form,
  type Forward,
  type Gap,
  json,
  type JsonObject,
  members,
  readJson,
  refusal,
  regionOf,
  text,
  xml,
} from './call.ts';

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
