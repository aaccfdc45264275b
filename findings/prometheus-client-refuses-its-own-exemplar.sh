#!/usr/bin/env bash
# prometheus_client 0.26.0 for Python can't read its own OpenMetrics text when an exemplar's label holds one quote. The text is right: OpenMetrics writes the quote as \" in the labels of exemplars and of samples alike, and the same quote in a label of the sample is read.
# Seen: exemplar: refused; sample: read
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/pip" install --quiet --disable-pip-version-check prometheus-client==0.26.0
"$work/python/bin/python" - <<'PYTHON'
import sys
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families


def read_back(label, exemplar):
    registry = CollectorRegistry()
    counter = Counter('movies', 'Movies read', ['title'], registry=registry)
    counter.labels(label).inc(exemplar={'title': exemplar})
    text = generate_latest(registry).decode()
    try:
        families = list(text_string_to_metric_families(text))
    except ValueError:
        return 'refused'
    found = [one.exemplar.labels['title'] for one in families[0].samples if one.exemplar]
    return 'read' if found == [exemplar] else 'changed'


quoted = 'Movies on 12" discs'
seen = {'exemplar': read_back('The Burbs', quoted), 'sample': read_back(quoted, 'The Burbs')}
print('; '.join(f'{part}: {verdict}' for part, verdict in seen.items()))
sys.exit(0 if seen == {'exemplar': 'refused', 'sample': 'read'} else 1)
PYTHON
