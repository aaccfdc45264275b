import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { readYaml } from '../../tools/lib/yaml.ts';

/**
 * Schemas that the validator would answer 500 to on every request of their operation, and that no start notices: `nullable`
 * stands beside `type` only. Beside an `enum` without null it does nothing.
 */
function misplacedNullables(value: unknown, path = ''): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  const { nullable, type, enum: allowed } = value as { nullable?: unknown; type?: unknown; enum?: unknown };
  const isIgnored = Array.isArray(allowed) && !allowed.includes(null);
  const here = nullable === true && (typeof type !== 'string' || isIgnored) ? [path] : [];
  return [
    ...here,
    ...Object.entries(value).flatMap(([key, part]) => misplacedNullables(part, `${path}/${key}`)),
  ];
}

test('nullable stands beside a type, and beside an enum with null, everywhere in the contract', () => {
  const file = join(resolve(import.meta.dirname, '../..'), 'app/openapi.yaml');
  const contract = readYaml(readFileSync(file, 'utf8'), 'app/openapi.yaml');

  expect(JSON.stringify(contract)).toContain('"nullable":true');
  expect(misplacedNullables(contract)).toEqual([]);
});
