#!/usr/bin/env bash
# @cloud-copilot/iam-simulate 0.1.173 finds no IPv4 address inside of 0.0.0.0/0: an allow statement for every address denies the request. AWS documents the standard CIDR format for IpAddress; both halves (/1) and ::/0 match as they should.
# Seen: 0.0.0.0/0 ImplicitlyDenied; 0.0.0.0/1 and 128.0.0.0/1 Allowed; ::/0 Allowed
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private":true,"type":"module"}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @cloud-copilot/iam-simulate@0.1.173
cat >run.js <<'JAVASCRIPT'
import { runSimulation } from '@cloud-copilot/iam-simulate';

const action = 'dynamodb:GetItem';
const judge = async (allowed, caller) => {
  const { overallResult } = await runSimulation(
    {
      request: {
        principal: 'arn:aws:iam::123456789012:role/reader',
        action,
        resource: { resource: 'arn:aws:dynamodb:eu-west-1:123456789012:table/movies', accountId: '123456789012' },
        contextVariables: { 'aws:SourceIp': caller },
      },
      identityPolicies: [
        {
          name: 'read',
          policy: {
            Version: '2012-10-17',
            Statement: [{ Effect: 'Allow', Action: action, Resource: '*', Condition: { IpAddress: { 'aws:SourceIp': allowed } } }],
          },
        },
      ],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    },
    {},
  );
  return overallResult;
};
const seen = [
  await judge('0.0.0.0/0', '203.0.113.5'),
  await judge(['0.0.0.0/1', '128.0.0.0/1'], '203.0.113.5'),
  await judge('::/0', '2001:db8::5'),
];
console.log('0.0.0.0/0, its two halves, ::/0:', seen);
process.exit(seen.join() === 'ImplicitlyDenied,Allowed,Allowed' ? 0 : 1);
JAVASCRIPT
node run.js
