import { setFlagsFromString } from 'node:v8';

/**
 * From now on V8 compiles hot functions at once with Turbofan, not with Maglev before. For a service that runs for days the stage in
 * between gains nothing, and what it needs stays resident: 4 to 8 MB (docs/adr/0176). As an option of the command line it would
 * have V8 refuse what Node.js itself and the bundle keep compiled: 18 ms of each start.
 */
export const goOnWithoutMaglev = (): void => {
  setFlagsFromString('--no-maglev');
};
