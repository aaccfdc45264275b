import { isObject, json, readJson, text, type Json, type JsonObject } from '../answers.ts';
import type { Answer, Call } from '../call.ts';
import type { Gap } from '../gap.ts';

/** Feature plans of Cognito user pools and changes of their tags, by pool id. */
export function createUserPoolTiers(): Gap {
  const tiers = new Map<string, string>();
  const tags = new Map<string, JsonObject>();
  const complete = (answer: Answer): Answer => {
    if (answer.status !== 200) return answer;
    const { UserPool: pool, ...rest } = readJson(answer.body);
    if (!isObject(pool)) return answer;
    const id = text(pool['Id']);
    const { UserPoolTags: first } = pool;
    const merged = { ...(isObject(first) ? first : {}), ...tags.get(id) };
    const kept = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null));
    return json({
      ...rest,
      UserPool: { ...pool, UserPoolTags: kept, UserPoolTier: tiers.get(id) ?? 'ESSENTIALS' },
    });
  };
  /** A tag that is taken away is null until a later one sets it. */
  const retag = ({ body }: Call, changesOf: (request: JsonObject) => JsonObject): Answer => {
    const request = readJson(body);
    const id = text(request['ResourceArn']).split('/').at(-1) ?? '';
    tags.set(id, { ...tags.get(id), ...changesOf(request) });
    return json({});
  };
  return {
    reason:
      'moto forgets the feature plan of a user pool, which would be set at each apply, and changes no tags of one that is there',
    answers: {
      'cognito-idp.CreateUserPool': async (call, forward) => {
        const answer = await forward(call);
        const { UserPool: pool } = readJson(answer.body);
        const tier = text(readJson(call.body)['UserPoolTier']);
        if (isObject(pool) && tier !== '') tiers.set(text(pool['Id']), tier);
        return complete(answer);
      },
      'cognito-idp.TagResource': (call) => retag(call, ({ Tags: added }) => (isObject(added) ? added : {})),
      'cognito-idp.UntagResource': (call) =>
        retag(call, ({ TagKeys: removed }) => {
          const keys: readonly Json[] = Array.isArray(removed) ? removed : [];
          return Object.fromEntries(keys.map((key) => [text(key), null]));
        }),
      'cognito-idp.UpdateUserPool': (call, forward) => {
        const { UserPoolId: id, UserPoolTier: tier } = readJson(call.body);
        if (typeof tier === 'string') tiers.set(text(id), tier);
        return forward(call);
      },
      'cognito-idp.DescribeUserPool': async (call, forward) => complete(await forward(call)),
    },
  };
}
