import { InvalidArgumentError, Option } from 'commander';
import type { Pace } from './bench.ts';
import { scenarios } from './scenarios/all.ts';

export const scenarioNames: readonly string[] = scenarios.map(({ name }) => name);

export const thorough: Pace = { rounds: 5, warmUpSeconds: 2, seconds: 2, onlyTargets: false };
export const quick: Pace = { rounds: 3, warmUpSeconds: 1, seconds: 1, onlyTargets: false };

/** What pull requests are compared by: it has a target and needs no minutes of its own. */
export const guarded: readonly string[] = ['cold', 'hot', 'database-cold', 'database-hot', 'start', 'memory'];

/** @param usual what is run unless somebody names others */
export const onlyOption = (usual: readonly string[]): Option =>
  new Option('--only <scenarios>', `comma-separated, of: ${scenarioNames.join(', ')}`)
    .argParser(known)
    .default(usual, usual.join(', '));

export const roundsOption = (): Option =>
  new Option('--rounds <n>', 'fresh starts of each server, 1 to 50').argParser(rounds);

function known(text: string): string[] {
  const asked = text.split(',').map((name) => name.trim());
  const unknown = asked.filter((name) => !scenarioNames.includes(name));
  if (unknown.length > 0) throw new InvalidArgumentError(`There is no scenario ${unknown.join(', ')}.`);
  return asked;
}

function rounds(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= 50) return number;
  throw new InvalidArgumentError('It must be a whole number from 1 to 50.');
}
