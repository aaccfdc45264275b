#!/usr/bin/env bash
# @smithy/node-http-handler 4.14.2 sends the fragment of a request to the server, as a part of the request target. RFC 9110 section 7.1 excludes it; @smithy/undici-http-handler 3.2.4 leaves it out of the same request.
# Seen: node asked for /movies?year=1994#first, undici for /movies?year=1994
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @smithy/core@3.41.0 @smithy/node-http-handler@4.14.2 @smithy/undici-http-handler@3.2.4
cat > try.mjs <<'JS'
import { createServer } from 'node:http';
import { HttpRequest } from '@smithy/core/protocols';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { UndiciHttpHandler } from '@smithy/undici-http-handler';

const server = createServer((request, response) => response.end(request.url)).listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
const request = {
  protocol: 'http:',
  hostname: '127.0.0.1',
  port: server.address().port,
  method: 'GET',
  path: '/movies',
  query: { year: '1994' },
  fragment: 'first',
};
const ask = async (handler) => {
  const { response } = await handler.handle(new HttpRequest(request));
  let text = '';
  for await (const part of response.body) text += part;
  return text;
};
const [node, undici] = [await ask(new NodeHttpHandler()), await ask(new UndiciHttpHandler())];
console.log(`node asked for ${node}, undici for ${undici}`);
process.exit(node === '/movies?year=1994#first' && undici === '/movies?year=1994' ? 0 : 1);
JS
node try.mjs
