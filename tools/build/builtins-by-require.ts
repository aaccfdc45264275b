import { builtinModules } from 'node:module';
import type { Plugin } from 'esbuild';

const namespace = 'builtin';

/**
 * Lets a bundle `require()` what is Node's own instead of importing it. An import reads all exports of a module, and one of
 * `node:http` is a getter that loads Node's whole fetch (`WebSocket`, https://github.com/nodejs/node/blob/v24.x/lib/http.js):
 * half of the time until a bare server listens.
 */
export const builtinsByRequire: Plugin = {
  name: 'builtins-by-require',
  setup(build) {
    build.onResolve({ filter: /^[\w:/]+$/ }, ({ path, kind }) => {
      const name = path.replace(/^node:/, '');
      return kind === 'import-statement' && builtinModules.includes(name)
        ? { path: name, namespace }
        : undefined;
    });
    build.onLoad({ filter: /.*/, namespace }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(`node:${path}`)});`,
    }));
  },
};
