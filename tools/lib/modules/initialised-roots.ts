import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Directories at or below `start` in which `terraform init` installed modules, sorted; hidden ones are not searched. */
export async function findInitialisedRoots(start: string): Promise<string[]> {
  const here = existsSync(join(start, '.terraform', 'modules', 'modules.json')) ? [start] : [];
  const entries = await readdir(start, { withFileTypes: true });
  const children = entries.filter(
    (entry) => entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules',
  );
  const below = await Promise.all(children.map(({ name }) => findInitialisedRoots(join(start, name))));
  return [...here, ...below.flat()].sort();
}
