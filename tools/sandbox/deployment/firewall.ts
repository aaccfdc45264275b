import {
  GetIPSetCommand,
  GetWebACLForResourceCommand,
  type Rule,
  type Statement,
  type WAFV2Client,
  type WebACL,
} from '@aws-sdk/client-wafv2';

/** Networks by the ARN of their list. */
export type Networks = ReadonlyMap<string, readonly string[]>;

/** A rule that blocks by the caller's address alone: what a balancer can enforce as it was applied. */
export interface AddressRule {
  readonly name: string;
  /** All of them have to hold: the address is in the list, or isn't. */
  readonly conditions: readonly { readonly list: string; readonly isIn: boolean }[];
  readonly answer: {
    readonly status: number;
    readonly headers: readonly (readonly [name: string, value: string])[];
    readonly body: string;
  };
}

/** The rules of the web ACL that is attached to a load balancer, in their order, as far as they are about addresses alone. */
export async function readAddressRules(
  waf: WAFV2Client,
  loadBalancerArn: string,
): Promise<readonly AddressRule[]> {
  const { WebACL: acl } = await waf.send(new GetWebACLForResourceCommand({ ResourceArn: loadBalancerArn }));
  return acl ? addressRules(acl) : [];
}

export const addressRules = (acl: Pick<WebACL, 'Rules' | 'CustomResponseBodies'>): readonly AddressRule[] =>
  [...(acl.Rules ?? [])]
    .sort((one, other) => (one.Priority ?? 0) - (other.Priority ?? 0))
    .flatMap((rule) => toAddressRule(rule, acl.CustomResponseBodies ?? {}));

function toAddressRule(
  { Name: name = '', Statement: statement, Action: action }: Rule,
  bodies: NonNullable<WebACL['CustomResponseBodies']>,
): readonly AddressRule[] {
  const conditions = conditionsOf(statement);
  if (!conditions || !action?.Block) return [];
  const {
    ResponseCode: status = 403,
    ResponseHeaders: headers = [],
    CustomResponseBodyKey: key = '',
  } = action.Block.CustomResponse ?? {};
  const answer = {
    status,
    headers: headers.map(({ Name = '', Value = '' }): [string, string] => [Name, Value]),
    body: bodies[key]?.Content ?? '',
  };
  return [{ name, conditions, answer }];
}

/** Undefined where something else than the address counts. */
function conditionsOf(statement: Statement | undefined): AddressRule['conditions'] | undefined {
  if (statement?.AndStatement) {
    const parts = (statement.AndStatement.Statements ?? []).map(conditionsOf);
    return parts.flatMap((part) => part ?? []).length === parts.length
      ? parts.flatMap((part) => part ?? [])
      : undefined;
  }
  const negated = statement?.NotStatement?.Statement;
  const list = (negated ?? statement)?.IPSetReferenceStatement?.ARN;
  return list === undefined ? undefined : [{ list, isIn: negated === undefined }];
}

/** The networks of each list that rules name, as they are now. */
export async function readNetworks(waf: WAFV2Client, rules: readonly AddressRule[]): Promise<Networks> {
  const lists = new Set(rules.flatMap(({ conditions }) => conditions.map(({ list }) => list)));
  const read = [...lists].map(async (arn): Promise<[string, readonly string[]]> => {
    // arn:aws:wafv2:<region>:<account>:regional/ipset/<name>/<id>
    const [, , Name = '', Id = ''] = arn.split('/');
    const { IPSet: set } = await waf.send(new GetIPSetCommand({ Name, Id, Scope: 'REGIONAL' }));
    return [arn, [...(set?.Addresses ?? [])].sort()];
  });
  return new Map(await Promise.all(read));
}
