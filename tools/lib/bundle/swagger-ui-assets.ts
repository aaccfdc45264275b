import type { Plugin } from 'esbuild';
import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What the page loads, and what its licence asks for: 2 of the package's 13 MB. */
const assets = [
  'swagger-ui.css',
  'index.css',
  'swagger-ui-bundle.js',
  'swagger-ui-standalone-preset.js',
  'oauth2-redirect.html',
  'oauth2-redirect.js',
  'favicon-16x16.png',
  'favicon-32x32.png',
  'LICENSE',
  'NOTICE',
];

/** Copies Swagger UI's files beside the bundle, into a folder of their own, and points `swagger-ui-dist` at it. */
export const swaggerUiAssets = (outdir: string): Plugin => ({
  name: 'swagger-ui-assets',
  setup: (build) => {
    build.onLoad({ filter: /swagger-ui-dist[\\/]absolute-path\.js$/ }, ({ path }) => {
      mkdirSync(join(outdir, 'swagger-ui'), { recursive: true });
      assets.forEach((asset) => {
        copyFileSync(join(dirname(path), asset), join(outdir, 'swagger-ui', asset));
      });
      return { contents: `module.exports = () => require('node:path').join(__dirname, 'swagger-ui');` };
    });
  },
});
