#!/usr/bin/env bash
# @opentelemetry/exporter-prometheus 0.223.0 writes one label twice where two attributes differ only in a character that labels can't have, and a reader refuses the whole page (here prometheus-client 0.26.0). OpenTelemetry's specification joins their values with ";" in one label.
# Seen: movies_total{movie_id="1",movie_id="2",otel_scope_name="movies"} 1, refused
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private":true,"type":"module"}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @opentelemetry/exporter-prometheus@0.223.0 @opentelemetry/sdk-metrics@2.12.1 @opentelemetry/api@1.9.1
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check prometheus-client==0.26.0
cat >write.js <<'JAVASCRIPT'
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';

const reader = new PrometheusExporter({ preventServerStart: true });
const meter = new MeterProvider({ readers: [reader] }).getMeter('movies');
meter.createCounter('movies').add(1, { 'movie.id': '1', movie_id: '2' });
const { resourceMetrics } = await reader.collect();
console.log(new PrometheusSerializer().serialize(resourceMetrics));
JAVASCRIPT
cat >read.py <<'PYTHON'
import sys
from prometheus_client.parser import text_string_to_metric_families

try:
    list(text_string_to_metric_families(sys.stdin.read()))
    print('read')
except ValueError:
    print('refused')
PYTHON
node write.js >page.txt
sample="$(grep '^movies_total' page.txt)"
verdict="$(python/bin/python read.py <page.txt)"
echo "$sample, $verdict"
[ "$sample, $verdict" = 'movies_total{movie_id="1",movie_id="2",otel_scope_name="movies"} 1, refused' ]
