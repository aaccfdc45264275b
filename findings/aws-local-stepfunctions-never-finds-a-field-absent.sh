#!/usr/bin/env bash
# aws-local-stepfunctions 3.0.0 never matches the choice rule IsPresent: false, so an optional field that isn't there takes the default branch; its list of supported features has IsPresent as complete. The Amazon States Language matches that rule when the field is absent.
# Seen: IsPresent false without the field: default; IsPresent true with the field: matched
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private":true,"type":"module"}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts aws-local-stepfunctions@3.0.0
cat >run.js <<'JAVASCRIPT'
import { StateMachine } from 'aws-local-stepfunctions';

const choose = (isPresent, input) => {
  const rule = { Variable: '$.year', IsPresent: isPresent, Next: 'Matched' };
  const states = {
    Choice: { Type: 'Choice', Choices: [rule], Default: 'Unmatched' },
    Matched: { Type: 'Pass', Result: 'matched', End: true },
    Unmatched: { Type: 'Pass', Result: 'default', End: true },
  };
  return new StateMachine({ StartAt: 'Choice', States: states }).run(input).result;
};
const absent = await choose(false, {});
const present = await choose(true, { year: 1994 });
console.log(`IsPresent false without the field: ${absent}; IsPresent true with the field: ${present}`);
process.exit(absent === 'default' && present === 'matched' ? 0 : 1);
JAVASCRIPT
node run.js
