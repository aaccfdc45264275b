import { randomUUID } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { pythonEnvironment } from '../../install/python/environment.ts';
import type { CallLog } from './call-log.ts';
import { startFront } from './front.ts';
import { createGaps } from './gaps.ts';
import { startMoto } from './moto.ts';
import { createRestNames } from './operations.ts';

export interface Emulator {
  /** What an AWS client is given as AWS_ENDPOINT_URL. */
  readonly url: string;
  readonly calls: CallLog;
  readonly stop: () => Promise<void>;
}

/**
 * An AWS control plane on loopback: moto behind the front that fills its gaps. Its state is gone when it stops.
 *
 * @param port 0 takes a free one
 */
export async function startEmulator(port: number, say?: (line: string) => void): Promise<Emulator> {
  const python = await pythonEnvironment('moto', say);
  const moto = await startMoto(python.program('moto_server'));
  try {
    const front = await startFront({
      moto,
      gaps: createGaps(randomUUID, Date.now),
      nameRest: createRestNames(botocoreModels(python.program('python'))),
      port,
    });
    return {
      url: front.url,
      calls: front.calls,
      stop: async () => {
        await front.stop();
        await moto.stop();
      },
    };
  } catch (error) {
    await moto.stop();
    throw error;
  }
}

const botocoreModels = (python: string): string =>
  execFileSync(python, ['-c', 'import botocore.loaders as l; print(l.Loader.BUILTIN_DATA_PATH)'])
    .toString()
    .trim();
