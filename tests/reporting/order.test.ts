import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';

test('what waits for minutes begins first, also in a clone that has not seen it run', () => {
  // Without Jest's cache it knows no times, as there.
  const args = ['test', '--silent', '--', '--listTests', '--no-cache'];
  const { status, stdout, stderr } = spawnSync('npm', args, { encoding: 'utf8' });

  expect({ status, stderr }).toEqual({ status: 0, stderr: expect.any(String) });
  expect(stdout.split('\n')[0]).toMatch(/\/tests\/deployed\/local-deployment\.test\.ts$/);
});
