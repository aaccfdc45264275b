import { access, readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';

const read = (path: string) => readFile(new URL(`../../../${path}`, import.meta.url), 'utf8');
const names = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, name = '']) => name);

describe('the documents', () => {
  test('docs/service.md lists exactly the settings that the service reads', async () => {
    const [page, config] = [await read('docs/service.md'), await read('app/src/config.ts')];

    const listed = names(page, /^\| `([A-Z_]+)` \|/gm);
    const used = names(config, /(?:read\.\w+\(|env\[)\s*'([A-Z_]+)'/g);

    expect(used).toContain('TABLE_NAME');
    expect(listed.toSorted()).toEqual([...new Set(used)].filter((name) => name !== '').toSorted());
  });

  test('README.md mentions only make targets that exist', async () => {
    const [readme, makefile] = [await read('README.md'), await read('Makefile')];

    const targets = new Set(names(makefile, /^([a-z-]+):/gm));

    expect(names(readme, /`?make ([a-z-]+)`?/g).filter((target) => !targets.has(target))).toEqual([]);
  });

  test.each(['README.md', 'CONTRIBUTING.md'])('%s links to files that exist', async (file) => {
    const links = names(await read(file), /\]\((?!http)([^)]+)\)/g);

    const checks = links.map((link) => access(new URL(`../../../${link}`, import.meta.url)));

    await expect(Promise.all(checks)).resolves.toHaveLength(links.length);
  });
});
