#!/usr/bin/env bash
# The function sort() sorts numbers as text in both JMESPath libraries for JavaScript, jmespath 0.16.0 and @jmespath-community/jmespath 1.3.0. The specification sorts an array of numbers by value, as jmespath 1.1.0 for Python (that of the AWS CLI's --query) does; sort_by() is right in all three.
# Seen: JavaScript [10,100,9] twice, Python [9,10,100]
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private":true,"type":"module"}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts jmespath@0.16.0 @jmespath-community/jmespath@1.3.0
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check jmespath==1.1.0
cat >sort.js <<'JAVASCRIPT'
import jmespath from 'jmespath';
import { search } from '@jmespath-community/jmespath';

const seen = [jmespath.search, search].map((find) => JSON.stringify(find([100, 9, 10], 'sort(@)')));
console.log(seen.join(' '));
JAVASCRIPT
cat >sort.py <<'PYTHON'
import json
import jmespath

print(json.dumps(jmespath.search('sort(@)', [100, 9, 10]), separators=(',', ':')))
PYTHON
javascript="$(node sort.js)"
python="$(python/bin/python sort.py)"
echo "JavaScript $javascript, Python $python"
[ "$javascript" = '[10,100,9] [10,100,9]' ] && [ "$python" = '[9,10,100]' ]
