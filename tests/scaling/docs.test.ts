import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { docs, publishedStudy } from '../../tools/scaling/publish.ts';
import { describeInTestAll } from '../support/requirements.ts';

describeInTestAll([], 'docs/scaling.md', () => {
  test('and its chart show what is simulated (make scaling)', async () => {
    const [page, chart] = [docs.page, docs.chart].map((file) => readFileSync(file, 'utf8'));

    expect(await publishedStudy(page ?? '')).toEqual({ page, chart });
  }, 300_000);
});
