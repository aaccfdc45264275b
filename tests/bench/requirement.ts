import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Requirement } from '../support/requirements.ts';

const program = join(
  import.meta.dirname,
  '../../.cache/node/node_modules',
  `node-linux-${process.arch}/bin/node`,
);

/** What is measured runs on the image's Node.js, whatever the tests run on. */
export const pinnedNodeJs: Requirement = {
  name: 'the pinned Node.js',
  missing: () =>
    existsSync(program) ? undefined : 'the Node.js of the image is not installed: run `make tools`',
};
