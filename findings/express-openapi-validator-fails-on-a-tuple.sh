#!/usr/bin/env bash
# express-openapi-validator 5.6.2 answers 500 to a body whose schema is a tuple with optional elements (prefixItems, items false). It starts without a word; OpenAPI 3.1 has this by JSON Schema 2020-12, where minItems is optional. Ajv 8.20.0 alone judges the same schema.
# Seen: 500 for [1994, "Speed"] and for ["Speed"]; Ajv true and false
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private":true,"type":"module"}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts ajv@8.20.0 express@5.3.0 express-openapi-validator@5.6.2
cat >run.js <<'JAVASCRIPT'
import { once } from 'node:events';
import Ajv from 'ajv/dist/2020.js';
import express from 'express';
import { middleware } from 'express-openapi-validator';

const schema = { type: 'array', prefixItems: [{ type: 'integer' }, { type: 'string' }], items: false };
const operation = {
  requestBody: { required: true, content: { 'application/json': { schema } } },
  responses: { 200: { description: 'Taken' } },
};
const apiSpec = { openapi: '3.1.0', info: { title: 'Movies', version: '1' }, paths: { '/movies': { post: operation } } };
const app = express();
app.use(express.json());
app.use(middleware({ apiSpec }));
app.post('/movies', (_request, response) => response.json([]));
app.use((error, _request, response, _next) => response.status(error.status ?? 500).end());
const server = app.listen(0, '127.0.0.1');
await once(server, 'listening');
const judge = new Ajv.default({ logger: false }).compile(schema);
const seen = [];
for (const body of [[1994, 'Speed'], ['Speed']]) {
  const request = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const { status } = await fetch(`http://127.0.0.1:${server.address().port}/movies`, request);
  seen.push(`${status} ${judge(body)}`);
}
server.close();
console.log('a tuple that holds and one that does not, status and Ajv:', seen);
process.exit(seen.join() === '500 true,500 false' ? 0 : 1);
JAVASCRIPT
node run.js
