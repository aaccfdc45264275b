#!/usr/bin/env bash
# moto 5.2.5 never matches an EventBridge rule on a field of the objects in a list, as in ECS's detail.containers.exitCode: no event reaches the target. AWS matches where any element does; its own event-ruler 1.7.3 finds the same event by the same pattern.
# Seen: exit code of a container: moto 0 of 1 delivered, event-ruler true; status of the task: 1 of 1, true
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
cat >pom.xml <<'XML'
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>finding</groupId><artifactId>finding</artifactId><version>1</version>
  <dependencies><dependency><groupId>software.amazon.event.ruler</groupId><artifactId>event-ruler</artifactId><version>1.7.3</version></dependency></dependencies>
</project>
XML
mvn --quiet --batch-mode org.apache.maven.plugins:maven-dependency-plugin:3.6.0:copy-dependencies -DoutputDirectory=lib
cat >Match.java <<'JAVA'
public class Match {
  public static void main(String[] given) throws Exception {
    System.out.println(software.amazon.event.ruler.Ruler.matchesRule(given[0], given[1]));
  }
}
JAVA
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check 'moto[events,logs]==5.2.5' boto3==1.44.5
cat >deliver.py <<'PYTHON'
import json
import sys
import boto3
from moto import mock_aws

mock = mock_aws()
mock.start()
event, pattern = sys.argv[1:]
events, logs = boto3.client('events'), boto3.client('logs')
logs.create_log_group(logGroupName='tasks')
events.put_rule(Name='tasks', EventPattern=pattern)
events.put_targets(Rule='tasks', Targets=[{'Id': 'log', 'Arn': 'arn:aws:logs:eu-west-1:123456789012:log-group:tasks'}])
events.put_events(Entries=[{'Source': 'movies', 'DetailType': 'Task', 'Detail': json.dumps(json.loads(event)['detail'])}])
print(len(logs.filter_log_events(logGroupName='tasks')['events']))
PYTHON
export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_DEFAULT_REGION=eu-west-1
event='{"detail":{"status":"STOPPED","containers":[{"name":"api","exitCode":1},{"name":"collector","exitCode":0}]}}'
seen=
for pattern in '{"detail":{"containers":{"exitCode":[1]}}}' '{"detail":{"status":["STOPPED"]}}'; do
  seen="$seen$(python/bin/python deliver.py "$event" "$pattern") $(java -cp 'lib/*' Match.java "$event" "$pattern") "
done
echo "exit code of a container, status of the task, by moto and event-ruler: $seen"
[ "$seen" = '0 true 1 true ' ]
