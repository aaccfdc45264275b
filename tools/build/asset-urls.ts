import type { Plugin } from 'esbuild';
import { copyFileSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

const assetUrl = /new URL\(\s*(['"])(\.[^'"]+\.[a-z]+)\1,\s*import\.meta\.url\s*\)/g;

/**
 * `new URL('../openapi.yaml', import.meta.url)` in our sources keeps its meaning in the bundle: the file is copied beside
 * the bundle, and the URL points there. The same as other bundlers do; esbuild doesn't
 * (https://github.com/evanw/esbuild/issues/795).
 */
export const assetUrls = (outdir: string): Plugin => ({
  name: 'asset-urls',
  setup: (build) => {
    const ownSources = join(build.initialOptions.absWorkingDir ?? process.cwd(), 'app/src/');
    build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
      if (!path.startsWith(ownSources)) return undefined;
      const contents = readFileSync(path, 'utf8').replace(assetUrl, (_match, _quote, asset: string) => {
        copyFileSync(resolve(dirname(path), asset), join(outdir, basename(asset)));
        return `new URL(${JSON.stringify(`./${basename(asset)}`)}, import.meta.url)`;
      });
      return { contents, loader: 'ts' };
    });
  },
});
