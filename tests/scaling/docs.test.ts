import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { docs, publishedStudy } from '../../tools/scaling/publish.ts';
import { describeWith, type Requirement } from '../support/requirements.ts';

const minutes: Requirement = {
  name: 'time for simulating five million requests',
  missing: () => (process.env['DRILLS'] === 'all' ? undefined : 'make test-all simulates them'),
};

describeWith([minutes], 'docs/scaling.md', () => {
  test('and its chart show what is simulated (make scaling)', async () => {
    const [page, chart] = [docs.page, docs.chart].map((file) => readFileSync(file, 'utf8'));

    expect(await publishedStudy(page ?? '')).toEqual({ page, chart });
  }, 300_000);
});
