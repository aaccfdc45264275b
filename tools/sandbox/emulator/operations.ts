import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { NameRest } from './call.ts';

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
export function createRestNames(models: string): NameRest {
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
