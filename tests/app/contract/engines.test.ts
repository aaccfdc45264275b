import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { describeWith } from '../../support/requirements.ts';
import { engines } from '../../support/engines.ts';
import { behaviours, createEngineTable, type Table } from './engines.ts';

const rows = readFileSync('docs/testing.md', 'utf8')
  .split('\n')
  .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '')));
const cellOf = (behaviour: string, column: number) => rows.find(([name]) => name === behaviour)?.[2 + column];

engines.forEach(({ name: engine, needs, start }, column) => {
  describeWith(needs, `${engine} does what docs/testing.md says of it`, () => {
    let running: Awaited<ReturnType<typeof start>>;
    let table: Table;

    beforeAll(async () => {
      running = await start();
      table = await createEngineTable(running.endpoint, 'engines');
    });
    afterAll(async () => {
      table.client.destroy();
      await running.stop();
    });

    test.each(behaviours)('$name', async ({ name, observe }) => {
      expect(await observe(table)).toBe(cellOf(name, column));
    });
  });
});
