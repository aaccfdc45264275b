#!/usr/bin/env bash
# express-openapi-validator 5.6.2 answers 400 to every request of an operation that has a list in a header parameter without a style, also to a request without that header. OpenAPI 3.1 gives headers the style simple by default; with it written out the same request is fine.
# Seen: no style: 400 and 400; style simple: 200 and 200
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private":true,"type":"module"}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts express@5.3.0 express-openapi-validator@5.6.2
cat >run.js <<'JAVASCRIPT'
import { once } from 'node:events';
import express from 'express';
import { middleware } from 'express-openapi-validator';

const ask = async (style) => {
  const parameter = { name: 'x-years', in: 'header', ...style, schema: { type: 'array', items: { type: 'integer' } } };
  const apiSpec = {
    openapi: '3.1.0',
    info: { title: 'Movies', version: '1' },
    paths: { '/movies': { get: { parameters: [parameter], responses: { 200: { description: 'Movies' } } } } },
  };
  const app = express();
  app.use(middleware({ apiSpec }));
  app.get('/movies', (_request, response) => response.json([]));
  app.use((error, _request, response, _next) => response.status(error.status ?? 500).end());
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const answers = [];
  for (const headers of [{}, { 'x-years': '1994,1999' }])
    answers.push((await fetch(`http://127.0.0.1:${server.address().port}/movies`, { headers })).status);
  server.close();
  return answers;
};
const seen = [await ask({}), await ask({ style: 'simple' })];
console.log('without and with the header, no style:', seen[0], 'style simple:', seen[1]);
process.exit(seen.flat().join() === '400,400,200,200' ? 0 : 1);
JAVASCRIPT
node run.js
