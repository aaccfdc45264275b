import { access, readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { readConfig } from '../../../app/src/config.ts';

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

  test('a setting that is left out is as if docs/service.md were set', async () => {
    const rows = [...(await read('docs/service.md')).matchAll(/^\| `([A-Z_]+)` \| `?([\w.-]+)`? \|/gm)];
    const told = Object.fromEntries(
      rows
        .map(([, name = '', value = '']): [string, string] => [name, value])
        .filter(([, value]) => !/^(none|random|required|AWS)$/.test(value)),
    );
    const given = {
      TABLE_NAME: 'movies',
      OIDC_ISSUER: 'https://issuer.example',
      OIDC_AUDIENCE: 'clients',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318',
      CURSOR_SECRETS: 's'.repeat(48),
    };

    expect(Object.keys(told).length).toBeGreaterThan(15);
    expect(readConfig(given)).toEqual(readConfig({ ...given, ...told }));
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
