import { escape } from '../answers.ts';
import { form, type Call } from '../call.ts';
import type { Forward, Gap } from '../gap.ts';

const ruleId = /<securityGroupRuleId>([^<]+)<\/securityGroupRuleId>/g;

/** Descriptions of security group rules that name another group or a prefix list, by rule id. */
export function createRuleDescriptions(): Gap {
  const descriptions = new Map<string, string>();

  const authorize = async (call: Call, forward: Forward) => {
    const answer = await forward(call);
    // One rule a request, as the provider makes them; which of several got which id can't be told.
    const [description] = [...form(call)].filter(([key]) =>
      /\.(Groups|PrefixListIds)\.1\.Description$/.test(key),
    );
    const [created] = answer.body.toString().matchAll(ruleId);
    if (created?.[1] !== undefined && description) descriptions.set(created[1], description[1]);
    return answer;
  };

  return {
    reason:
      'moto describes only rules for addresses: the descriptions of rules for groups and prefix lists would be set at each apply',
    answers: {
      'ec2.AuthorizeSecurityGroupIngress': authorize,
      'ec2.AuthorizeSecurityGroupEgress': authorize,
      // A changed description moto keeps, for every kind of rule.
      'ec2.ModifySecurityGroupRules': async (call, forward) => {
        const answer = await forward(call);
        const id = form(call).get('SecurityGroupRule.1.SecurityGroupRuleId') ?? '';
        if (answer.status === 200) descriptions.delete(id);
        return answer;
      },
      'ec2.DescribeSecurityGroupRules': async (call, forward) => {
        const answer = await forward(call);
        const body = answer.body.toString().replace(ruleId, (element, id: string) => {
          const description = descriptions.get(id);
          return description === undefined
            ? element
            : `${element}<description>${escape(description)}</description>`;
        });
        return { ...answer, body: Buffer.from(body) };
      },
    },
  };
}
