#!/usr/bin/env bash
# aws-local-stepfunctions 3.0.0 splits a string at the whole second argument of States.StringSplit. AWS splits at each of its characters: the example in the Step Functions guide splits This.is+a,test=string by .+,= into five words.
# Seen: one delimiter ["1","2","3"]; AWS's example ["This.is+a,test=string"]
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private":true,"type":"module"}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts aws-local-stepfunctions@3.0.0
cat >run.js <<'JAVASCRIPT'
import { StateMachine } from 'aws-local-stepfunctions';

const split = async (text, splitter) => {
  const parameters = { 'words.$': 'States.StringSplit($.text, $.splitter)' };
  const states = { Split: { Type: 'Pass', Parameters: parameters, End: true } };
  const { words } = await new StateMachine({ StartAt: 'Split', States: states }).run({ text, splitter }).result;
  return JSON.stringify(words);
};
const [one, several] = [await split('1,2,3', ','), await split('This.is+a,test=string', '.+,=')];
console.log(`one delimiter ${one}; AWS's example ${several}`);
process.exit(one === '["1","2","3"]' && several === '["This.is+a,test=string"]' ? 0 : 1);
JAVASCRIPT
node run.js
