import { runCommand } from '../../app/src/commands/command.ts';
import { Misuse } from '../../app/src/commands/problem.ts';
import parts from '../lib/test-parts.json' with { type: 'json' };

/** Prints what Jest is called with for a part of the tests; without a part, for all of them. */
await runCommand(([part = '']) => {
  const found = Object.entries(parts).find(([name]) => name === part);
  if (part !== '' && found === undefined)
    throw new Misuse(
      `PART is ${Object.keys(parts).join(' or ')}, or nothing for all tests; not ${part}.`,
      'Which folders are in which: tools/lib/test-parts.json',
    );
  const [, own = []] = found ?? [];
  const others = part === '' ? [] : Object.values(parts).flat();
  // What is measured is the service; a part without its tests would fall below the threshold.
  const project = ['--coverage', ...(others.length > 0 ? ['--testPathIgnorePatterns', ...others] : [])];
  console.log((own.length > 0 ? own : project).join(' '));
  return Promise.resolve();
});
