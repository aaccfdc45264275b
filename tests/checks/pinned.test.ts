import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import renovate from '../../renovate.json' with { type: 'json' };
import { readProviderLock } from '../../tools/checks/gates/terraform.ts';

const project = resolve(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(project, path), 'utf8');

describe('the Dockerfile', () => {
  /** Instructions, one a line, without comments, in stages. */
  const instructions = read('Dockerfile')
    .replaceAll(/^ *#.*\n/gm, '')
    .replaceAll(/\s*\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const starts = instructions.flatMap((line, index) => (line.startsWith('FROM ') ? [index] : []));
  const last = instructions.slice(starts.at(-1));
  const built = instructions.slice(starts[0], starts.at(-1)).join('\n');

  test('takes its bases by digest', () => {
    const bases = instructions.slice(0, starts[0]);

    expect(bases.length).toBeGreaterThan(0);
    for (const base of bases) expect(base).toMatch(/^ARG [A-Z]+_IMAGE=[^@ ]+@sha256:[0-9a-f]{64}$/);
    const names = bases.map((base) => /^ARG (\w+)=/.exec(base)?.[1] ?? '');
    for (const at of starts) expect(names).toContain(/^FROM \$\{(\w+)\}/.exec(instructions[at] ?? '')?.[1]);
  });

  test('installs exactly what is locked, and runs no script of a package', () => {
    const installs = built.match(/npm (ci|i|install|exec|run)\b.*/g) ?? [];

    expect(installs).toHaveLength(1);
    expect(installs[0]).toMatch(/^npm ci .*--ignore-scripts\b/);
    expect(built).not.toMatch(/\b(curl|wget|apt-get|apk|git clone|ADD)\b/);
  });

  test('runs exactly the commands that are meant while it is built', () => {
    expect(
      instructions.filter((line) => line.startsWith('RUN ')).map((line) => line.replaceAll(/ +/g, ' ')),
    ).toEqual([
      'RUN --mount=type=secret,id=ca --mount=type=cache,target=/var/cache/npm if [ -f /run/secrets/ca ]; then export NODE_EXTRA_CA_CERTS=/run/secrets/ca; fi; npm ci --workspace app --ignore-scripts --cache /var/cache/npm --no-audit --no-fund --loglevel=error',
      'RUN REVISION="$REVISION" SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" node tools/release/build.ts',
      'RUN ["/nodejs/bin/node", "--predictable", "--max-semi-space-size=16", "--max-old-space-size=1024", "/build/tools/lib/code-cache.ts", "/app"]',
    ]);
  });

  test('ends with exactly the instructions that are meant, flags and environment included', () => {
    const meant = last
      .filter((line) => !/^(ARG|LABEL) /.test(line))
      .map((line) => line.replaceAll(/ +/g, ' '));

    expect(meant).toEqual([
      'FROM ${BASE_IMAGE}',
      'ENV NODE_ENV=production PATH=/nodejs/bin',
      'COPY --from=warm --chown=0:0 /app/ /app/',
      'WORKDIR /app',
      'USER 65532:65532',
      'EXPOSE 8080 9464',
      'STOPSIGNAL SIGTERM',
      'HEALTHCHECK --interval=10s --timeout=5s --start-period=15s --retries=3 CMD ["/nodejs/bin/node", "/app/health-check.js"]',
      'ENTRYPOINT ["/nodejs/bin/node"]',
      'CMD ["/app/main.js"]',
    ]);
  });

  test('is given facts of the build only, as arguments with a default', () => {
    const given = last.filter((line) => line.startsWith('ARG ')).map((line) => line.replace(/=.*/, ''));

    expect(given).toEqual(['ARG BASE_IMAGE', 'ARG VERSION', 'ARG REVISION', 'ARG CREATED', 'ARG SOURCE']);
  });
});

test('npm installs exact versions, and runs no script of a package', () => {
  const files = execFileSync('git', ['ls-files', '*package.json'], { cwd: project, encoding: 'utf8' }).trim();
  const ranges = files.split('\n').flatMap((file) => {
    const { dependencies, devDependencies, overrides } = JSON.parse(read(file)) as Record<
      string,
      Record<string, string>
    >;
    return Object.entries({ ...dependencies, ...devDependencies, ...overrides })
      .filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))
      .map(([name, version]) => `${file}: ${name} ${version} is no exact version`);
  });

  expect(ranges).toEqual([]);
  expect(read('.npmrc').split('\n')).toEqual(
    expect.arrayContaining(['ignore-scripts=true', 'save-exact=true']),
  );
});

describe('the provider lock', () => {
  const files = execFileSync('git', ['ls-files', '*.terraform.lock.hcl'], { cwd: project, encoding: 'utf8' })
    .trim()
    .split('\n')
    .filter((file) => file.startsWith('terraform/'));

  test('is there for each root', () => {
    expect(files.length).toBeGreaterThan(1);
  });

  test.each(files)('%s has an h1: sum of each provider for each of three platforms', (file) => {
    const locked = readProviderLock(read(file));

    expect(locked.length).toBeGreaterThan(0);
    for (const { source, hashes } of locked)
      expect([source, hashes.filter((hash) => hash.startsWith('h1:')).length]).toEqual([source, 3]);
  });
});

test('an update waits for a person, and for a week in which others see what is wrong with it', () => {
  const { automerge, minimumReleaseAge, packageRules } = renovate;
  const weaker = packageRules.filter((rule) => 'automerge' in rule || 'minimumReleaseAge' in rule);

  expect([automerge, minimumReleaseAge, weaker]).toEqual([false, '7 days', []]);
});

test.each(renovate.customManagers)('an update is proposed for: $description', (manager) => {
  const texts = manager.managerFilePatterns.map(read);

  // A pattern that finds nothing proposes nothing, without a word.
  for (const pattern of manager.matchStrings)
    expect(texts.some((text) => new RegExp(pattern).test(text))).toBe(true);
});

test("every pinned Node.js and npm of tools/install/node is proposed, not only the first platform's", () => {
  const pins = read('tools/install/node');
  const pattern = renovate.customManagers
    .find(({ managerFilePatterns }) => managerFilePatterns.includes('tools/install/node'))
    ?.matchStrings.join('|');

  const found = [...pins.matchAll(new RegExp(pattern ?? '', 'g'))];

  expect(found).toHaveLength(pins.match(/[0-9a-f]{128}/g)?.length ?? 0);
});
