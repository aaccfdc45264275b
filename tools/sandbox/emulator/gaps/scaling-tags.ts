import { isObject, json, readJson, text, type Json, type JsonObject } from '../answers.ts';
import type { Gap } from '../gap.ts';

/** Tags of Application Auto Scaling targets, by ARN. */
export function createScalingTags(): Gap {
  const tags = new Map<string, JsonObject>();
  const service = 'application-autoscaling';
  return {
    reason: 'moto keeps no tags of scalable targets; aws_appautoscaling_target reads them after each refresh',
    answers: {
      [`${service}.RegisterScalableTarget`]: async (call, forward) => {
        const answer = await forward(call);
        const arn = readJson(answer.body)['ScalableTargetARN'];
        const sent = readJson(call.body)['Tags'];
        if (typeof arn === 'string' && isObject(sent)) tags.set(arn, sent);
        return answer;
      },
      [`${service}.ListTagsForResource`]: ({ body }) => json({ Tags: tags.get(arnOf(body)) ?? {} }),
      [`${service}.TagResource`]: ({ body }) => {
        const added = readJson(body)['Tags'];
        tags.set(arnOf(body), { ...tags.get(arnOf(body)), ...(isObject(added) ? added : {}) });
        return json({});
      },
      [`${service}.UntagResource`]: ({ body }) => {
        const removed = readJson(body)['TagKeys'];
        const kept = Object.entries(tags.get(arnOf(body)) ?? {}).filter(([key]) => !includes(removed, key));
        tags.set(arnOf(body), Object.fromEntries(kept));
        return json({});
      },
    },
  };
}

const arnOf = (body: Buffer): string => text(readJson(body)['ResourceARN']);
const includes = (keys: Json | undefined, key: string): boolean => Array.isArray(keys) && keys.includes(key);
