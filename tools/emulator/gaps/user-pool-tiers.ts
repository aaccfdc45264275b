import { isObject, json, readJson, text } from '../answers.ts';
import type { Answer } from '../call.ts';
import type { Gap } from '../gap.ts';

/** Feature plans of Cognito user pools, by pool id. */
export function createUserPoolTiers(): Gap {
  const tiers = new Map<string, string>();
  const complete = (answer: Answer): Answer => {
    if (answer.status !== 200) return answer;
    const { UserPool: pool, ...rest } = readJson(answer.body);
    if (!isObject(pool)) return answer;
    return json({
      ...rest,
      UserPool: { ...pool, UserPoolTier: tiers.get(text(pool['Id'])) ?? 'ESSENTIALS' },
    });
  };
  return {
    reason: 'moto forgets the feature plan of a user pool; aws_cognito_user_pool would set it at each apply',
    answers: {
      'cognito-idp.CreateUserPool': async (call, forward) => {
        const answer = await forward(call);
        const { UserPool: pool } = readJson(answer.body);
        const tier = text(readJson(call.body)['UserPoolTier']);
        if (isObject(pool) && tier !== '') tiers.set(text(pool['Id']), tier);
        return complete(answer);
      },
      'cognito-idp.UpdateUserPool': (call, forward) => {
        const { UserPoolId: id, UserPoolTier: tier } = readJson(call.body);
        if (typeof tier === 'string') tiers.set(text(id), tier);
        return forward(call);
      },
      'cognito-idp.DescribeUserPool': async (call, forward) => complete(await forward(call)),
    },
  };
}
