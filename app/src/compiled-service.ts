import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Script } from 'node:vm';

/** The bundle's file: a function of what CommonJS knows. ASCII alone, so that V8 keeps a byte for each character. */
export const serviceFile = 'service.js';
/** What V8 made of it, by tools/lib/code-cache.ts. V8 takes none but that of its own version and of this very code. */
export const cacheFile = 'service.cache';

/** Starts the bundle of a folder. Returns it as V8 compiled it. */
export function launch(folder: string): Script {
  const filename = join(folder, serviceFile);
  const cachedData = readCache(join(folder, cacheFile));
  const script = new Script(readFileSync(filename, 'latin1'), {
    filename,
    ...(cachedData === undefined ? {} : { cachedData }),
  });
  const start = script.runInThisContext() as (...known: [NodeJS.Require, string, string]) => void;
  if (script.cachedDataRejected === true) {
    process.emitWarning(
      `V8 refuses ${cacheFile}, so each start takes longer. It takes one that its own version made, under the same flags: see NODE_OPTIONS.`,
    );
  }
  start(createRequire(filename), filename, folder);
  return script;
}

/** Without it a start takes longer, that is all. */
function readCache(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}
