import { open, type FileHandle } from 'node:fs/promises';
import type { Reject } from './load-movies.ts';

export interface RejectsFile {
  add(reject: Reject): Promise<void>;
  close(): Promise<void>;
}

/** JSON lines of `{ position, reason, record }`. The file is made, or emptied, by the first reject. */
export function createRejectsFile(path: string): RejectsFile {
  let file: Promise<FileHandle> | undefined;
  return {
    async add(reject) {
      file ??= open(path, 'w');
      await (await file).appendFile(`${JSON.stringify(reject)}\n`);
    },
    async close() {
      await (await file)?.close();
    },
  };
}
