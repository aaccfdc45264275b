import { realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The version that runs this, which is the version of the image. */
export const nodeVersion = process.versions.node;

export interface NodePrograms {
  /** Absolute path of the `node` program. */
  readonly program: string;
  /** Absolute path of the folder of the `npm` package. */
  readonly npm: string;
}

/** The Node.js that runs this and the npm on the path, as the image's build takes them. Throws where there is no npm. */
export function nodePrograms(): NodePrograms {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    try {
      return { program: process.execPath, npm: join(realpathSync(join(folder, 'npm')), '../..') };
    } catch {
      // Not in this folder.
    }
  }
  throw new Error('npm is not on the path');
}
