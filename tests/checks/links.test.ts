import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { readConfig } from '../../app/src/config.ts';

const root = resolve(import.meta.dirname, '../..');

const withoutCode = (markdown: string): string =>
  markdown
    .replace(/^ *(```|~~~)[\s\S]*?^ *\1/gm, '')
    .replace(/`[^`\n]*`/g, (code) => 'x'.repeat(code.length));

/** Anchors as the forges make them: small letters, no punctuation, hyphens for spaces. */
const anchorsOf = (markdown: string): readonly string[] => [
  ...[...markdown.replace(/^ *(```|~~~)[\s\S]*?^ *\1/gm, '').matchAll(/^#{1,6} (.+)$/gm)].map(
    ([, heading = '']) =>
      heading
        .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
  ),
  ...[...markdown.matchAll(/<a (?:name|id)="([^"]+)"/g)].map(([, name = '']) => name),
];

/** Links of a file within the project that lead nowhere. */
function brokenLinks(file: string, markdown: string): readonly string[] {
  const links = [...withoutCode(markdown).matchAll(/\]\(([^)\s]+)(?: "[^"]*")?\)/g)].map(
    ([, link = '']) => link,
  );
  return links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? file : join(dirname(file), decodeURIComponent(path));
    if (!existsSync(join(root, target))) return true;
    if (anchor === undefined || statSync(join(root, target)).isDirectory()) return false;
    const text = path === '' ? markdown : readFileSync(join(root, target), 'utf8');
    return !anchorsOf(text).includes(anchor);
  });
}

const files = execFileSync('git', ['ls-files', '*.md'], { cwd: root, encoding: 'utf8' }).trim().split('\n');

describe('links between the documents', () => {
  test('each leads to a file, and to a heading where it names one', () => {
    const broken = files.flatMap((file) =>
      brokenLinks(file, readFileSync(join(root, file), 'utf8')).map((link) => `${file}: ${link}`),
    );

    expect(files).toContain('README.md');
    expect(broken).toEqual([]);
  });

  test('each page that code names in a remedy or a comment is there, with the heading that it names', () => {
    const code = ['*.ts', '*.tf', '*.yml', 'Makefile'].map((pattern) => `:(glob)**/${pattern}`);
    const paths = execFileSync('git', ['ls-files', ...code], { cwd: root, encoding: 'utf8' })
      .trim()
      .split('\n');
    const named = paths
      .filter((path) => path !== 'tests/checks/links.test.ts')
      .flatMap((path) => [
        ...readFileSync(join(root, path), 'utf8').matchAll(/\b(docs\/[a-z-]+\.md)(?:, "([^"]+)")?/g),
      ])
      .map(([, page = '', heading]) => ({ page, heading }));
    const missing = named.filter(
      ({ page, heading }) =>
        !existsSync(join(root, page)) ||
        (heading !== undefined && !readFileSync(join(root, page), 'utf8').includes(`## ${heading}`)),
    );

    expect(named.length).toBeGreaterThan(30);
    expect(missing).toEqual([]);
  });

  test.each(['docs/none.md', 'README.md#no-such-heading', '#nor-here'])('%s would be noticed', (link) => {
    expect(
      brokenLinks('LOG.md', `# Here\n[a link](${link}) and [a good one](README.md#two-commands)`),
    ).toEqual([link]);
  });
});

const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');
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
});
