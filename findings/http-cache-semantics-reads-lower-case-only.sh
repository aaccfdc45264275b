#!/usr/bin/env bash
# http-cache-semantics 4.3.0 ignores a directive of Cache-Control that isn't in lower case: an answer with Max-Age=60 is stale at once. RFC 9111 section 5.2 compares the names of directives case-insensitively.
# Seen: max-age=60 is fresh for 60 s, Max-Age=60 for 0 s
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private":true,"type":"module"}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts http-cache-semantics@4.3.0
cat >read.js <<'JAVASCRIPT'
import CachePolicy from 'http-cache-semantics';

const request = { method: 'GET', url: '/movies/1', headers: {} };
const seconds = (directive) => {
  const response = { status: 200, headers: { 'cache-control': directive } };
  return Math.ceil(new CachePolicy(request, response).timeToLive() / 1000);
};
const [lower, mixed] = [seconds('max-age=60'), seconds('Max-Age=60')];
console.log(`max-age=60 is fresh for ${lower} s, Max-Age=60 for ${mixed} s`);
process.exit(lower === 60 && mixed === 0 ? 0 : 1);
JAVASCRIPT
node read.js
