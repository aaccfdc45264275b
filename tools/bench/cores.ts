import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** Where a process runs: the server alone on one core, everything that loads it on another. */
export type Place = 'server' | 'load';

/** The start of a command that keeps a program on its core; nothing where that can't be done. */
export function createPinning(): {
  readonly prefix: (place: Place) => readonly string[];
  readonly note: string;
} {
  if (availableParallelism() < 2) return { prefix: () => [], note: 'one core for server and load' };
  try {
    execFileSync('taskset', ['-c', '0,1', 'true'], { stdio: 'ignore' });
  } catch {
    return { prefix: () => [], note: 'no taskset: the system chooses the cores' };
  }
  return {
    prefix: (place) => ['taskset', '-c', place === 'server' ? '0' : '1'],
    note: 'server on one core, load on another',
  };
}
