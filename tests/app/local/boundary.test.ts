import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { build } from 'esbuild';

const sources = fileURLToPath(new URL('../../../app/src/', import.meta.url));
const localOnly = ['dynalite', 'classic-level', 'oidc-provider', 'vega-datasets'];

async function filesOutsideLocal(): Promise<string[]> {
  const files = await readdir(sources, { recursive: true });
  return files.filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.d.ts') && !file.startsWith('local/'),
  );
}

/** Everything that these files import, directly or not: files as paths, packages as names. */
async function importsOf(entryPoints: readonly string[]): Promise<string[]> {
  const { metafile } = await build({
    absWorkingDir: sources,
    entryPoints: [...entryPoints],
    outdir: 'unused',
    bundle: true,
    write: false,
    metafile: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    logLevel: 'silent',
  });
  return Object.entries(metafile.inputs).flatMap(([file, { imports }]) => [
    file,
    ...imports.map(({ path }) => path),
  ]);
}

describe('what runs only on one machine', () => {
  test('is imported by nothing that is deployed', async () => {
    const files = await filesOutsideLocal();

    const imports = await importsOf(files);

    expect(files).toContain('movies/movie.ts');
    expect(imports.filter((path) => path.startsWith('local/') || localOnly.includes(path))).toEqual([]);
  });

  test('would be noticed: the entry of `make run` imports all of it', async () => {
    const imports = await importsOf(['local/main.ts']);

    expect(imports).toEqual(
      expect.arrayContaining(['local/embedded-dynamodb.ts', 'dynalite', 'oidc-provider']),
    );
  });
});
