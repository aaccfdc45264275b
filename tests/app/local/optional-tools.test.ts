import { access } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { createDebianTools } from '../../../tools/install/debian.ts';
import tools from '../../../tools/install/optional-tools.json' with { type: 'json' };
import { installTools } from '../../../tools/install/tool.ts';

describe('installing optional tools', () => {
  test('a tool that cannot be had is named with the reason, and the others are still installed', async () => {
    const lines: string[] = [];
    const tool = (name: string, isPresent: boolean, install: () => Promise<void>) => ({
      name,
      purpose: 'a test',
      isPresent: () => Promise.resolve(isPresent),
      install,
    });

    const outcomes = await installTools(
      [
        tool('there', true, () => Promise.reject(new Error('is not asked for'))),
        tool('unreachable', false, () => Promise.reject(new Error('the registry does not answer'))),
        tool('new', false, () => Promise.resolve()),
      ],
      (line) => lines.push(line),
    );

    expect(outcomes).toEqual(['present', 'missing', 'installed']);
    expect(lines).toEqual([
      'present    there             for a test',
      'missing    unreachable       for a test: the registry does not answer',
      'installed  new               for a test',
    ]);
  });

  test('a Debian package is not installed where only the cache may be written', async () => {
    const debian = [{ package: 'no-such', check: ['no-such-program'], for: 'a test' }];
    const lines: string[] = [];

    await installTools(createDebianTools(debian, false), (line) => lines.push(line));

    expect(lines).toEqual([
      'missing    no-such           for a test: `make tools` installs it on a Debian-like system as root',
    ]);
  });

  test('every Python tool of the list has its pins', async () => {
    const pins = tools.python.map(({ environment }) =>
      access(new URL(`../../../tools/install/python/${environment}.txt`, import.meta.url)),
    );

    await expect(Promise.all(pins)).resolves.toHaveLength(tools.python.length);
  });
});
