import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { project } from './mistakes.ts';

const folder = join(project, 'security/policies');
const made = JSON.stringify(
  JSON.parse(readFileSync(join(project, 'tests/checks/plan/recorded/prod.json'), 'utf8')),
);
const looksAt = (policy: string): readonly string[] =>
  [...policy.matchAll(/supported_resources=\[([^\]]*)\]/g)].flatMap(([, list = '']) =>
    [...list.matchAll(/"([^"]+)"/g)].map(([, type = '']) => type),
  );
/** A rule about what no plan makes passes for ever, and says nothing. */
const unseen = (policy: string): readonly string[] =>
  looksAt(policy).filter((type) => !made.includes(`"type":"${type.replace(/\*$/, '')}`));

const policies = readdirSync(folder).filter((name) =>
  readFileSync(join(folder, name), 'utf8').includes('supported_resources'),
);

test.each(policies)('the rule %s looks at a resource that the plan of prod makes', (name) => {
  const policy = readFileSync(join(folder, name), 'utf8');

  expect(looksAt(policy).length).toBeGreaterThan(0);
  expect(unseen(policy)).toEqual([]);
});

test('a rule about a resource that no plan makes would be named', () => {
  expect(unseen('supported_resources=["aws_db_instance"]')).toEqual(['aws_db_instance']);
});
