#!/usr/bin/env bash
# @apidevtools/swagger-parser 12.0.0 refuses a document of OpenAPI 3.1.2, a published patch release; @seriousme/openapi-schema-validator 2.4.1 takes it. The specification says that tooling for 3.1 takes every 3.1.x.
# Seen: 3.1.1: both valid; 3.1.2: swagger-parser says unsupported, the other says valid
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private":true,"type":"module"}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @apidevtools/swagger-parser@12.0.0 @seriousme/openapi-schema-validator@2.4.1
cat >run.js <<'JAVASCRIPT'
import SwaggerParser from '@apidevtools/swagger-parser';
import { Validator } from '@seriousme/openapi-schema-validator';

const judge = async (openapi) => {
  const document = { openapi, info: { title: 'Movies', version: '1' }, paths: {} };
  const parser = await SwaggerParser.validate(structuredClone(document)).then(
    () => 'valid',
    ({ message }) => (/Unsupported OpenAPI version/.test(message) ? 'unsupported' : message),
  );
  const { valid } = await new Validator().validate(structuredClone(document));
  return `${parser}, ${valid ? 'valid' : 'invalid'}`;
};
const seen = [await judge('3.1.1'), await judge('3.1.2')];
console.log('3.1.1 and 3.1.2 by swagger-parser 12.0.0, openapi-schema-validator 2.4.1:', seen);
process.exit(seen[0] === 'valid, valid' && seen[1] === 'unsupported, valid' ? 0 : 1);
JAVASCRIPT
node run.js
