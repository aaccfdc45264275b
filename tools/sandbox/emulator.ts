import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { freePort } from '../../app/src/local/listen.ts';
import { pythonEnvironment } from '../install/python/environment.ts';
import type { NameRest } from './call.ts';
import { type CallLog, type FrontOptions, startFront } from './front.ts';
import { createGaps } from './gaps.ts';

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

const readyWithinMs = 60_000;

/** moto itself; `errors` are the exceptions in its log. */
type Moto = FrontOptions['moto'] & { readonly stop: () => Promise<void> };

/** Starts `moto_server` on a free loopback port and waits until it answers. Its state lives in its memory only. */
async function startMoto(program: string): Promise<Moto> {
  const port = await freePort();
  const child = spawn(program, ['--host', '127.0.0.1', '--port', String(port)], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, PYTHONUNBUFFERED: '1' },
  });
  let count = 0;
  let last = '';
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (!/^[\w.]+(Error|Exception)\b/.test(line)) return;
    count += 1;
    last = line;
  });
  const exited = once(child, 'exit');
  const url = new URL(`http://127.0.0.1:${port}`);
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await exited;
  };

  const deadline = Date.now() + readyWithinMs;
  while (!(await answers(new URL('/moto-api/data.json', url)))) {
    if (child.exitCode !== null) throw new Error(`moto_server ended at once: ${last}`);
    if (Date.now() > deadline) {
      await stop();
      throw new Error(`moto_server did not answer within ${readyWithinMs / 1000} s`);
    }
    await pause(100);
  }
  return { url, stop, errors: () => ({ count, last }) };
}

const answers = (url: URL): Promise<boolean> =>
  fetch(url).then(
    (response) => response.ok,
    () => false,
  );

interface Operation {
  readonly name: string;
  readonly method: string;
  readonly path: RegExp;
  /** Query keys, such as `versioning`, that make a request this operation and no other. */
  readonly keys: readonly string[];
}

interface ServiceModel {
  readonly operations: Readonly<
    Record<string, { http: { method: string; requestUri: string }; deprecated?: boolean }>
  >;
}

/** Signing names whose model lies in a folder of another name. */
const folders: Readonly<Record<string, string>> = { aps: 'amp' };

/**
 * Names REST requests (`PUT /bucket?versioning` → `PutBucketVersioning`) from the service models that botocore brings
 * along with moto. Only the services that speak REST are ever read, each once.
 *
 * @param models botocore's `data` folder
 */
function createRestNames(models: string): NameRest {
  const read = new Map<string, readonly Operation[]>();
  return (service, method, url) => {
    const operations = read.get(service) ?? readOperations(`${models}/${folders[service] ?? service}`);
    read.set(service, operations);
    const { pathname, searchParams } = new URL(url, 'http://front');
    return operations.find(
      (operation) =>
        operation.method === method &&
        operation.path.test(pathname) &&
        operation.keys.every((key) => searchParams.has(key)),
    )?.name;
  };
}

function readOperations(folder: string): readonly Operation[] {
  const version = existsSync(folder) ? readdirSync(folder).sort().at(-1) : undefined;
  if (version === undefined) return [];
  const bytes = gunzipSync(readFileSync(`${folder}/${version}/service-2.json.gz`));
  const model = JSON.parse(bytes.toString()) as ServiceModel;
  return Object.entries(model.operations)
    .filter(([, { deprecated }]) => deprecated !== true)
    .map(toOperation)
    .sort(mostSpecificFirst);
}

function toOperation([name, { http }]: [string, ServiceModel['operations'][string]]): Operation {
  const [path = '', query = ''] = http.requestUri.split('?');
  const pattern = path
    .replace(/\/$/, '')
    .replace(/\{[^}+]+\}/g, '[^/]+')
    .replace(/\{[^}]+\+\}/g, '.+');
  const keys = [...new URLSearchParams(query).keys()].filter((key) => key !== 'x-id');
  return { name, method: http.method, path: new RegExp(`^${pattern}/?$`), keys };
}

const mostSpecificFirst = (a: Operation, b: Operation): number =>
  b.keys.length - a.keys.length || literals(b) - literals(a);

const literals = ({ path }: Operation): number => path.source.replace(/\[\^\/\]\+|\.\+/g, '').length;
