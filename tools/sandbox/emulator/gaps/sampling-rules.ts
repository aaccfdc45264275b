import { isObject, json, list, readJson, refusal, text, type Json, type JsonObject } from '../answers.ts';
import { account, regionOf, type Call } from '../call.ts';
import type { Gap } from '../gap.ts';

/** X-Ray sampling rules with their tags. */
export function createSamplingRules(now: () => number): Gap {
  const rules = new Map<string, JsonObject>();
  const tags = new Map<string, readonly JsonObject[]>();

  const put = (name: string, rule: JsonObject): JsonObject => {
    const record = {
      SamplingRule: rule,
      CreatedAt: rules.get(name)?.['CreatedAt'] ?? now(),
      ModifiedAt: now(),
    };
    rules.set(name, record);
    return { SamplingRuleRecord: record };
  };
  const find = ({ body }: Call, key: 'SamplingRuleUpdate' | 'top'): [string, JsonObject] | undefined => {
    const request = readJson(body);
    const named = key === 'top' ? request : object(request[key]);
    return [...rules].find(
      ([name, { SamplingRule: rule }]) =>
        name === named['RuleName'] || object(rule)['RuleARN'] === named['RuleARN'],
    );
  };
  const missing = (call: Call) => refusal(call, 'InvalidRequestException', 'There is no such sampling rule.');

  return {
    reason: 'moto has no sampling rules; aws_xray_sampling_rule creates, reads, tags and deletes them',
    answers: {
      'xray.CreateSamplingRule': (call) => {
        const request = readJson(call.body);
        const rule = object(request['SamplingRule']);
        const name = text(rule['RuleName']);
        if (rules.has(name)) return refusal(call, 'InvalidRequestException', `The rule ${name} exists.`);
        const arn = `arn:aws:xray:${regionOf(call)}:${account}:sampling-rule/${name}`;
        tags.set(arn, list(request['Tags']));
        return json(put(name, { Version: 1, Attributes: {}, ...rule, RuleARN: arn }));
      },
      'xray.GetSamplingRules': () => json({ SamplingRuleRecords: [...rules.values()] }),
      'xray.UpdateSamplingRule': (call) => {
        const [name, record] = find(call, 'SamplingRuleUpdate') ?? [];
        if (name === undefined) return missing(call);
        const update = object(readJson(call.body)['SamplingRuleUpdate']);
        return json(put(name, { ...object(record?.['SamplingRule']), ...update }));
      },
      'xray.DeleteSamplingRule': (call) => {
        const [name, record] = find(call, 'top') ?? [];
        if (name === undefined) return missing(call);
        rules.delete(name);
        return json({ SamplingRuleRecord: record });
      },
      'xray.ListTagsForResource': ({ body }) =>
        json({ Tags: tags.get(text(readJson(body)['ResourceARN'])) ?? [] }),
    },
  };
}

const object = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});
