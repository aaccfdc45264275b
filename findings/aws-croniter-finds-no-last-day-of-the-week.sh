#!/usr/bin/env bash
# aws-croniter 2.1.1 takes L as the day of the week and finds no time at all, without an error. AWS documents L in that field as the last day of the week; 7, which is that day, is found each Saturday.
# Seen: L: None; 7: Saturdays 2026-12-05 and 2026-12-12
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/pip" install --quiet --disable-pip-version-check aws-croniter==2.1.1
"$work/python/bin/python" - <<'PYTHON'
import sys
from datetime import datetime, timezone
from aws_croniter import AwsCroniter

start = datetime(2026, 12, 1, tzinfo=timezone.utc)
seen = {
    day: [time and f'{time:%a %Y-%m-%d}' for time in AwsCroniter(f'0 8 ? * {day} *').get_next(start, n=2)]
    for day in ('L', '7')
}
print('aws-croniter 2.1.1:', seen)
sys.exit(0 if seen == {'L': [None, None], '7': ['Sat 2026-12-05', 'Sat 2026-12-12']} else 1)
PYTHON
