import parts from '../lib/test-parts.json' with { type: 'json' };
import { Misuse, reasonOf } from '../../app/src/commands/problem.ts';

/** What Jest is called with for a part of the tests; without a part, for all of them. */
function argumentsFor(part: string): readonly string[] {
  if (part === '') return ['--coverage'];
  const found = Object.entries(parts).find(([name]) => name === part);
  if (found === undefined)
    throw new Misuse(
      `PART is ${Object.keys(parts).join(' or ')}, or nothing for all tests; not ${part}.`,
      'Which folders are in which: tools/lib/test-parts.json',
    );
  const [name, folders] = found;
  // What is measured is the service; a part without its tests would fall below the threshold.
  return [...(name === 'service' ? ['--coverage'] : []), ...folders.map((folder) => `tests/${folder}/`)];
}

try {
  console.log(argumentsFor(process.argv[2] ?? '').join(' '));
} catch (error) {
  console.error(error instanceof Misuse ? `${error.message}\n${error.remedy}` : reasonOf(error));
  process.exitCode = error instanceof Misuse ? error.exitCode : 1;
}
