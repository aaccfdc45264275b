import { askEvaluator, type Decision, type Evaluation } from '../../lib/iam-evaluator.ts';
import type { Document, Documents } from './documents.ts';
import type { Request } from './requests.ts';

/** The policy of a key that leaves everything to the account's own policies, as those of the service do for administration. */
const delegating = (account: string): Document => ({
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: 'kms:*', Resource: '*' },
  ],
});

/** Decides requests by identity policies, boundary and resource policy, in one run of the evaluator. */
export async function evaluate(
  project: string,
  documents: Documents,
  requests: readonly (Request & { readonly token?: true })[],
  actions: readonly string[] = [],
): Promise<Evaluation> {
  const named: Record<string, Document> = {
    delegating: delegating(documents.account),
    nothing: { Version: '2012-10-17', Statement: [] },
    everything: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] },
  };
  for (const [name, role] of Object.entries(documents.roles)) {
    role.identity.forEach((document, index) => (named[`${name} ${index}`] = document));
    if (role.boundary !== null) named[`${name} boundary`] = role.boundary;
    // The evaluator wants the resource of a trust policy, which AWS leaves out.
    named[`${name} trust`] = role.trust;
  }
  for (const { arn, policy } of resourcePolicies(documents)) named[arn] = policy;
  const arns = resourcePolicies(documents).map(({ arn }) => arn);
  const trusts = new Map(Object.entries(documents.roles).map(([name, { arn }]) => [arn, `${name} trust`]));

  const asked = requests.map(({ role: name, action, resource, context, token, literal }) => {
    const role = documents.roles[name];
    if (token)
      return {
        ...{ principal: federationOf(role?.trust), action, resource, account: documents.account, context },
        ...{ identity: [], resourcePolicy: `${name} trust`, unlisted: true },
      };
    const policy = arns.find(
      (arn) => resource === arn || resource.startsWith(`${arn}/`) || resource.startsWith(`${arn}:`),
    );
    // A service of AWS, or somebody of another account: what is asked lets them in, or nothing does.
    if (role === undefined)
      return {
        ...{ principal: name, action, resource, account: documents.account, context },
        ...{
          identity: name.startsWith('arn:') ? ['everything'] : [],
          unlisted:
            action === 'sts:AssumeRole' ||
            Object.keys(context).some((key) => key.startsWith('kms:EncryptionContext:')),
        },
        resourcePolicy: trusts.get(resource) ?? policy ?? 'nothing',
      };
    return {
      principal: role.arn,
      action,
      resource,
      account: documents.account,
      context: { ...context, 'aws:PrincipalArn': role.arn },
      identity: role.identity.map((_, index) => `${name} ${index}`),
      ...(literal ? { unlisted: true } : {}),
      boundary: role.boundary === null ? undefined : `${name} boundary`,
      resourcePolicy: policy ?? (action.startsWith('kms:') ? 'delegating' : undefined),
    };
  });
  return askEvaluator(project, { documents: named, requests: asked, actions });
}

export const resourcePolicies = ({
  keys,
  buckets,
  topics,
  logs,
}: Documents): readonly Documents['keys'][string][] =>
  [keys, buckets, topics, logs].flatMap((held) => Object.values(held));

const federationOf = (trust: Document | undefined): unknown =>
  (trust?.Statement[0]?.Principal as { readonly Federated?: unknown } | undefined)?.Federated;

/** Whether a request is decided as it should be; what isn't decided never is. */
export const isRight = ({ expected }: Request, outcome: Decision | undefined): boolean =>
  expected === 'allow' ? outcome?.decision === 'Allowed' : outcome?.decision.endsWith('Denied') === true;
