#!/usr/bin/env bash
# openapi-typescript 7.13.0 refuses a document whose discriminator maps a value to a schema by name: it takes the name for a file. OpenAPI 3.1 documents names and references for a mapping; with the reference the same document is fine.
# Seen: name: cannot resolve it; reference: types with kind "film"
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private":true,"type":"module"}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts openapi-typescript@7.13.0 typescript@5.9.3
cat >run.js <<'JAVASCRIPT'
import openapiTS, { astToString } from 'openapi-typescript';

const write = (mapped) =>
  openapiTS(
    {
      openapi: '3.1.0',
      info: { title: 'Movies', version: '1' },
      paths: {},
      components: {
        schemas: {
          Movie: { type: 'object', required: ['kind'], properties: { kind: { type: 'string' } } },
          Any: {
            oneOf: [{ $ref: '#/components/schemas/Movie' }],
            discriminator: { propertyName: 'kind', mapping: { film: mapped } },
          },
        },
      },
    },
    { silent: true },
  ).then(
    (types) => (/kind: "film"/.test(astToString(types)) ? 'typed' : 'other types'),
    ({ message }) => (/Can't resolve \$ref/.test(message) ? 'unresolved' : message),
  );
const seen = [await write('Movie'), await write('#/components/schemas/Movie')];
console.log('mapped by name, by reference:', seen);
process.exit(seen.join() === 'unresolved,typed' ? 0 : 1);
JAVASCRIPT
node run.js
