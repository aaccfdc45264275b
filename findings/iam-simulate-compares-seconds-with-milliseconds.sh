#!/usr/bin/env bash
# @cloud-copilot/iam-simulate 0.1.173 compares epoch seconds with milliseconds where a date condition has one side as epoch time and the other as ISO 8601: a policy that ends in 2030 is over in 2026. AWS documents both spellings for date operators.
# Seen: ends at 1893456000 ImplicitlyDenied; ends at 2030-01-01T00:00:00Z, the same second, Allowed
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private":true,"type":"module"}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @cloud-copilot/iam-simulate@0.1.173
cat >run.js <<'JAVASCRIPT'
import { runSimulation } from '@cloud-copilot/iam-simulate';

const action = 'dynamodb:GetItem';
const judge = async (end) => {
  const { overallResult } = await runSimulation(
    {
      request: {
        principal: 'arn:aws:iam::123456789012:role/reader',
        action,
        resource: { resource: 'arn:aws:dynamodb:eu-west-1:123456789012:table/movies', accountId: '123456789012' },
        contextVariables: { 'aws:CurrentTime': '2026-11-30T12:00:00Z' },
      },
      identityPolicies: [
        {
          name: 'read',
          policy: {
            Version: '2012-10-17',
            Statement: [{ Effect: 'Allow', Action: action, Resource: '*', Condition: { DateLessThan: { 'aws:CurrentTime': end } } }],
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
  await judge('1893456000'),
  await judge('2030-01-01T00:00:00Z'),
];
console.log('ends at 1893456000, at 2030-01-01T00:00:00Z:', seen);
process.exit(seen.join() === 'ImplicitlyDenied,Allowed' ? 0 : 1);
JAVASCRIPT
node run.js
