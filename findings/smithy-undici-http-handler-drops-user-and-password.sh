#!/usr/bin/env bash
# @smithy/undici-http-handler 3.2.4 drops the user name and password of a request without an error. @smithy/node-http-handler 4.14.2 sends them as Basic credentials (RFC 7617), so one client signs in with one handler and not with the other.
# Seen: node: Basic bW92aWVzOnNlY3JldA==; undici: none
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

const server = createServer((request, response) => response.end(request.headers.authorization ?? 'none'));
server.listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
const request = {
  protocol: 'http:',
  hostname: '127.0.0.1',
  port: server.address().port,
  method: 'GET',
  path: '/',
  username: 'movies',
  password: 'secret',
};
const ask = async (handler) => {
  const { response } = await handler.handle(new HttpRequest(request));
  let text = '';
  for await (const part of response.body) text += part;
  return text;
};
const [node, undici] = [await ask(new NodeHttpHandler()), await ask(new UndiciHttpHandler())];
console.log(`node: ${node}; undici: ${undici}`);
process.exit(node === 'Basic bW92aWVzOnNlY3JldA==' && undici === 'none' ? 0 : 1);
JS
node try.mjs
