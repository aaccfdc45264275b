import { readFileSync } from 'node:fs';
import type { Environment } from '../../../tools/checks/plans/inputs.ts';
import { denormalise, type Recording } from '../../../tools/checks/plans/recording.ts';

/** What the recorded plan of an environment creates of a type, by its address within its module. */
export function planned<T>(environment: Environment, type: string): ReadonlyMap<string, T> {
  const text = readFileSync(`tests/checks/plan/recorded/${environment}.json`, 'utf8');
  const changes = denormalise((JSON.parse(text) as Recording).plan).resource_changes ?? [];
  return new Map(
    changes
      .filter((change) => change.type === type)
      .map(({ address, change }): [string, T] => [
        address.slice(address.indexOf(type) + type.length + 1),
        change.after as T,
      ]),
  );
}
