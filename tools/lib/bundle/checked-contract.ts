import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'esbuild';

const compiler = /express-openapi-validator\/dist\/framework\/openapi\.schema\.validator\.js$/;
const stand = join(import.meta.dirname, 'openapi-schema-validator.cjs');

/**
 * express-openapi-validator compiles the schema of OpenAPI itself each time that it is made, even where it is told not
 * to validate the document (validateApiSpec: false)
 * (https://github.com/cdimascio/express-openapi-validator/blob/master/src/framework/openapi.schema.validator.ts).
 * A bundle goes without that compiler, and so does the service in tests (jest.moduleNameMapper). A test fails when the library doesn't need this any more, a build when it has
 * moved.
 */
export const checkedContract: Plugin = {
  name: 'checked-contract',
  setup(build) {
    let isTaken = false;
    build.onLoad({ filter: compiler }, () => {
      isTaken = true;
      return { contents: readFileSync(stand, 'utf8') };
    });
    build.onEnd(() =>
      isTaken
        ? {}
        : { errors: [{ text: 'express-openapi-validator has no openapi.schema.validator.js any more.' }] },
    );
  },
};
