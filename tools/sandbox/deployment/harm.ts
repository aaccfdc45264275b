import { Problem } from '../../../app/src/commands/problem.ts';
import type { ControlLoop } from './control-loop.ts';
import { noFaults, type DatabaseLink } from './database-link.ts';
import type { FaultRequest } from './faults.ts';
import type { Fleet, Task } from './fleet.ts';
import { chooseLeaving } from './placement.ts';

export interface Harmed {
  readonly fleet: Fleet;
  readonly loop: ControlLoop;
  readonly link: DatabaseLink;
  readonly zones: readonly string[];
}

/** Does what a fault says. Resolves with the task or zone that it was done to; rejects when there is none. */
export async function harm(fault: FaultRequest, { fleet, loop, link, zones }: Harmed): Promise<string> {
  const alive = (): readonly Task[] => fleet.tasks().filter(({ id }) => fleet.running(id) !== undefined);
  switch (fault.kind) {
    case 'database':
      await link.set(fault.database);
      return 'database';
    case 'heal':
      loop.lostZones.clear();
      await link.set(noFaults);
      return 'all';
    case 'lose-zone': {
      const zone = known(zones, fault.zone ?? chooseLeaving(alive(), 1)[0]?.zone, 'zone');
      loop.lostZones.add(zone);
      const tasks = alive().filter((task) => task.zone === zone);
      await Promise.all(tasks.map(async ({ id }) => fleet.running(id)?.kill()));
      return zone;
    }
    case 'restore-zone': {
      const zone = known(zones, fault.zone, 'zone');
      loop.lostZones.delete(zone);
      return zone;
    }
    default: {
      const healthy = alive().find(({ status, health }) => status === 'RUNNING' && health === 'healthy');
      const ids = alive().map(({ id }) => id);
      const id = known(ids, fault.task ?? healthy?.id, 'task');
      await fleet.running(id)?.[fault.kind]();
      return id;
    }
  }
}

function known(names: readonly string[], name: string | undefined, what: string): string {
  if (name !== undefined && names.includes(name)) return name;
  throw new Problem(`There is no ${what} ${name ?? 'to choose'}.`, `There is: ${names.join(', ')}`);
}
