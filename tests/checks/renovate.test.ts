import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import renovate from '../../renovate.json' with { type: 'json' };

const project = resolve(import.meta.dirname, '../..');

test.each(renovate.customManagers)('an update is proposed for: $description', async (manager) => {
  const texts = await Promise.all(
    manager.managerFilePatterns.map((file) => readFile(join(project, file), 'utf8')),
  );

  // A pattern that finds nothing proposes nothing, without a word.
  for (const pattern of manager.matchStrings)
    expect(texts.some((text) => new RegExp(pattern).test(text))).toBe(true);
});

test("every pinned Node.js and npm of tools/install/node is proposed, not only the first platform's", async () => {
  const pins = await readFile(join(project, 'tools/install/node'), 'utf8');
  const pattern = renovate.customManagers
    .find(({ managerFilePatterns }) => managerFilePatterns.includes('tools/install/node'))
    ?.matchStrings.join('|');

  const found = [...pins.matchAll(new RegExp(pattern ?? '', 'g'))];

  expect(found).toHaveLength(pins.match(/[0-9a-f]{128}/g)?.length ?? 0);
});
