import { readFile, writeFile } from 'node:fs/promises';
import { replaceBlock } from '../../../tools/lib/markdown.ts';
import { engines } from '../../support/engines.ts';
import { behaviours, createEngineTable } from './engines.ts';

/** `npm run engines`: asks each engine anew and writes the table of docs/testing.md. */
const page = 'docs/testing.md';
const cells = new Map<string, string[]>(behaviours.map(({ name }) => [name, []]));
for (const { start } of engines) {
  const engine = await start();
  const table = await createEngineTable(engine.endpoint, 'engines');
  for (const { name, observe } of behaviours) cells.get(name)?.push(await observe(table));
  table.client.destroy();
  await engine.stop();
}
const rows = behaviours.map(
  ({ name, aws, reliedOnBy }) => `| ${[name, aws, ...(cells.get(name) ?? []), reliedOnBy].join(' | ')} |`,
);
const head = `| behaviour | AWS's documentation | ${engines.map(({ name }) => name).join(' | ')} | tests that depend on it |`;
const content = [head, `|${'---|'.repeat(engines.length + 3)}`, ...rows].join('\n');
await writeFile(page, replaceBlock(await readFile(page, 'utf8'), 'engines', content));
console.log(content);
