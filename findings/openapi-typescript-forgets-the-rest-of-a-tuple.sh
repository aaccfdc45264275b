#!/usr/bin/env bash
# openapi-typescript 7.13.0 types an array with prefixItems as a tuple of just these: what items allows after them is lost, so TypeScript refuses data that the schema takes. In JSON Schema 2020-12 items is for all elements after the prefix; Ajv 8.20.0 takes [1994, "Speed", "Clerks"].
# Seen: [number]; Ajv true
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private":true,"type":"module"}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts ajv@8.20.0 openapi-typescript@7.13.0 typescript@5.9.3
cat >run.js <<'JAVASCRIPT'
import Ajv from 'ajv/dist/2020.js';
import openapiTS, { astToString } from 'openapi-typescript';

const YearAndTitles = { type: 'array', prefixItems: [{ type: 'integer' }], items: { type: 'string' } };
const types = await openapiTS({
  openapi: '3.1.0',
  info: { title: 'Movies', version: '1' },
  paths: {},
  components: { schemas: { YearAndTitles } },
});
const type = /YearAndTitles: (.*?);/.exec(astToString(types).replaceAll(/\s+/g, ' '))[1];
const valid = new Ajv.default({ strict: false }).validate(YearAndTitles, [1994, 'Speed', 'Clerks']);
console.log('type of a year and its titles:', type, 'Ajv on [1994, "Speed", "Clerks"]:', valid);
process.exit(type === '[ number ]' && valid ? 0 : 1);
JAVASCRIPT
node run.js
