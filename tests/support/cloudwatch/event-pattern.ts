import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { pythonEnvironment } from '../../../tools/install/python/environment.ts';

const program = `
import json, sys
from moto.events.models import EventPattern
patterns, events = json.loads(sys.argv[1])
print(json.dumps([[EventPattern.load(pattern).matches_event(event) for event in events] for pattern in patterns]))
`;

/** Whether each EventBridge pattern (a row) takes each event (a column), by the matcher of moto. */
export async function matchEvents(
  patterns: readonly string[],
  events: readonly object[],
): Promise<readonly (readonly boolean[])[]> {
  const python = (await pythonEnvironment('moto')).program('python');
  const { stdout } = await promisify(execFile)(python, ['-c', program, JSON.stringify([patterns, events])]);
  return JSON.parse(stdout) as boolean[][];
}
