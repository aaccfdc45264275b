#!/usr/bin/env bash
# aws-jwt-verify 5.2.1 takes every user pool for one under amazonaws.com, also in the European Sovereign Cloud, whose endpoints AWS publishes under amazonaws.eu: issuer and keys are looked for at another host, so no token of such a pool is accepted.
# Seen: eusc-de-east-1: keys at amazonaws.com, Cognito's endpoint at amazonaws.eu; eu-west-1 and us-gov-west-1 alike
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private":true,"type":"module"}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts aws-jwt-verify@5.2.1 @aws-sdk/client-cognito-identity-provider@3.1164.0
cat >run.js <<'JAVASCRIPT'
import { CognitoIdentityProviderClient } from '@aws-sdk/client-cognito-identity-provider';
import { CognitoJwtVerifier } from 'aws-jwt-verify';

const seen = {};
for (const region of ['eu-west-1', 'us-gov-west-1', 'eusc-de-east-1']) {
  const { config } = new CognitoIdentityProviderClient({ region });
  const endpoint = config.endpointProvider({ Region: region, UseFIPS: false, UseDualStack: false }).url.host;
  seen[region] = [new URL(CognitoJwtVerifier.parseUserPoolId(`${region}_aBcDeFgHi`).jwksUri).host, endpoint];
}
console.log('host of the keys, endpoint of Cognito:', seen);
const differ = Object.keys(seen).filter((region) => seen[region][0] !== seen[region][1]);
process.exit(differ.join() === 'eusc-de-east-1' && seen['eusc-de-east-1'][0].endsWith('.amazonaws.com') ? 0 : 1);
JAVASCRIPT
node run.js
