#!/usr/bin/env bash
# openapi-sampler 1.7.10, which writes Redoc's examples, shows {} for a schema of OpenAPI 3.1 whose first alternative is null, so the example isn't valid against the schema. For the same null without oneOf it shows null, and for 0 or false in oneOf the value itself.
# Seen: null: null; oneOf null or string: {}; oneOf 0: 0
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private":true,"type":"module"}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts openapi-sampler@1.7.10
cat >sample.js <<'JAVASCRIPT'
import sampler from 'openapi-sampler';

const schemas = {
  null: { type: 'null' },
  'oneOf null or string': { oneOf: [{ type: 'null' }, { type: 'string' }] },
  'oneOf 0': { oneOf: [{ const: 0 }] },
};
const seen = Object.entries(schemas)
  .map(([name, schema]) => `${name}: ${JSON.stringify(sampler.sample(schema))}`)
  .join('; ');
console.log(seen);
process.exit(seen === 'null: null; oneOf null or string: {}; oneOf 0: 0' ? 0 : 1);
JAVASCRIPT
node sample.js
