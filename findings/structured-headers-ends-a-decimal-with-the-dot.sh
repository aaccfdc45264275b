#!/usr/bin/env bash
# structured-headers 2.1.0 writes a decimal whose digits round to zero, such as 1.0002, as "1." and its own parser refuses that text. RFC 9651 section 4.1.5 wants "0" after the dot there; http_sfv 0.9.9 for Python writes 1.0.
# Seen: 1.0002 by JavaScript: 1. (refused by its parser), by Python: 1.0
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private":true,"type":"module"}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts structured-headers@2.1.0
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check http_sfv==0.9.9
cat >write.js <<'JAVASCRIPT'
import { parseItem, serializeItem } from 'structured-headers';

const written = serializeItem(1.0002);
try {
  parseItem(written);
  console.log(`${written} (read by its parser)`);
} catch {
  console.log(`${written} (refused by its parser)`);
}
JAVASCRIPT
javascript="$(node write.js)"
python="$(python/bin/python -c 'import http_sfv; print(http_sfv.Item(1.0002))')"
echo "1.0002 by JavaScript: $javascript, by Python: $python"
[ "$javascript" = '1. (refused by its parser)' ] && [ "$python" = '1.0' ]
