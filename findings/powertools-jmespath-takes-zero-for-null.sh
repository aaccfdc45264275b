#!/usr/bin/env bash
# In @aws-lambda-powertools/jmespath 2.36.0 the function not_null() answers null where the first value that isn't null is 0, false or an empty string. JMESPath has it return the first argument that isn't null, as jmespath 1.1.0 for Python does.
# Seen: JavaScript null null null, Python 0 false ""
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private":true,"type":"module"}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @aws-lambda-powertools/jmespath@2.36.0
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check jmespath==1.1.0
cat >find.js <<'JAVASCRIPT'
import { search } from '@aws-lambda-powertools/jmespath';

const seen = [0, false, ''].map((count) => search('not_null(missing, count)', { count }));
console.log(seen.map((one) => JSON.stringify(one)).join(' '));
JAVASCRIPT
cat >find.py <<'PYTHON'
import json
import jmespath

seen = [jmespath.search('not_null(missing, count)', {'count': count}) for count in (0, False, '')]
print(' '.join(json.dumps(one) for one in seen))
PYTHON
javascript="$(node find.js)"
python="$(python/bin/python find.py)"
echo "JavaScript $javascript, Python $python"
[ "$javascript" = 'null null null' ] && [ "$python" = '0 false ""' ]
