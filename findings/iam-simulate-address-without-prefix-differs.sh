#!/usr/bin/env bash
# @cloud-copilot/iam-simulate 0.1.173 judges an address without a prefix unlike the same address with the longest one: IPv6 is compared as text, and NotIpAddress with an IPv4 address does not hold for a caller over IPv6. AWS documents that an address without a prefix counts as the whole prefix.
# Seen: ImplicitlyDenied for 2001:DB8::5 and for all but 203.0.113.5; Allowed for both with /128 and /32
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private":true,"type":"module"}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @cloud-copilot/iam-simulate@0.1.173
cat >run.js <<'JAVASCRIPT'
import { runSimulation } from '@cloud-copilot/iam-simulate';

const action = 'dynamodb:GetItem';
const judge = async (operator, address) => {
  const { overallResult } = await runSimulation(
    {
      request: {
        principal: 'arn:aws:iam::123456789012:role/reader',
        action,
        resource: { resource: 'arn:aws:dynamodb:eu-west-1:123456789012:table/movies', accountId: '123456789012' },
        contextVariables: { 'aws:SourceIp': '2001:db8::5' },
      },
      identityPolicies: [
        {
          name: 'read',
          policy: {
            Version: '2012-10-17',
            Statement: [{ Effect: 'Allow', Action: action, Resource: '*', Condition: { [operator]: { 'aws:SourceIp': address } } }],
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
  await judge('IpAddress', '2001:DB8::5'),
  await judge('IpAddress', '2001:DB8::5/128'),
  await judge('NotIpAddress', '203.0.113.5'),
  await judge('NotIpAddress', '203.0.113.5/32'),
];
console.log('inside of 2001:DB8::5, with /128; outside of 203.0.113.5, with /32:', seen);
process.exit(seen.join() === 'ImplicitlyDenied,Allowed,ImplicitlyDenied,Allowed' ? 0 : 1);
JAVASCRIPT
node run.js
