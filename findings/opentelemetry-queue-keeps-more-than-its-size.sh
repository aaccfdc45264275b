#!/usr/bin/env bash
# The BatchSpanProcessor of @opentelemetry/sdk-trace-base 2.7.1 with a queue of three spans keeps five of six that end in one turn: a full batch leaves the queue at once, before the others arrive. With a batch larger than the queue, a queue of two loses none of three.
# Seen: queue 3, batch 2: s0 to s4 exported, s5 lost; queue 2, batch 512: s0 to s2 exported
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private":true,"type":"module"}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @opentelemetry/api@1.9.0 @opentelemetry/sdk-trace-base@2.7.1
cat >run.js <<'JAVASCRIPT'
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';

const exported = async (maxQueueSize, maxExportBatchSize, spans) => {
  const names = [];
  const exporter = {
    export: (batch, done) => {
      names.push(...batch.map(({ name }) => name));
      setImmediate(done, { code: 0 });
    },
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  const provider = new BasicTracerProvider({
    spanProcessors: [new BatchSpanProcessor(exporter, { maxQueueSize, maxExportBatchSize, scheduledDelayMillis: 60_000 })],
  });
  const tracer = provider.getTracer('finding');
  for (let at = 0; at < spans; at += 1) tracer.startSpan(`s${at}`).end();
  await provider.forceFlush();
  await provider.shutdown();
  return names.join(' ');
};
const seen = [await exported(3, 2, 6), await exported(2, 512, 3)];
console.log('exported with a queue of 3 and of 2:', seen);
process.exit(seen[0] === 's0 s1 s2 s3 s4' && seen[1] === 's0 s1 s2' ? 0 : 1);
JAVASCRIPT
node run.js
