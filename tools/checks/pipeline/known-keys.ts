import { settingsOf } from '../../lib/pipeline-definition.ts';

/** What may stand where: any value, a list, a mapping with free names, or a mapping with known keys. */
type Shape = 'any' | { readonly list: Shape } | { readonly names: Shape } | { readonly keys: Keys };
interface Keys {
  readonly [key: string]: Shape;
}

const any = 'any';
const condition: Shape = { keys: { changesets: { keys: { includePaths: any, excludePaths: any } } } };
const upload: Shape = { keys: { name: any, paths: any, type: any, 'capture-on': any } };
const artifacts: Shape = { keys: { upload: { list: upload }, download: any, paths: any } };

/** `pipe`, `runs-on` and `image` with credentials are left out: third-party code, own runners and stored passwords. */
const step: Shape = {
  keys: {
    name: any,
    image: any,
    size: any,
    'max-time': any,
    oidc: any,
    deployment: any,
    'concurrency-group': any,
    trigger: any,
    condition,
    clone: { keys: { depth: any } },
    runtime: { keys: { cloud: { keys: { version: any, arch: any } } } },
    caches: any,
    services: any,
    artifacts,
    'fail-fast': any,
    script: any,
    'after-script': any,
  },
};

const stepItem: Shape = { keys: { step } };
const parallel: Shape = { keys: { 'fail-fast': any, steps: { list: stepItem } } };
const stage: Shape = {
  keys: { name: any, deployment: any, trigger: any, condition, steps: { list: stepItem } },
};
const variable: Shape = { keys: { name: any, default: any, description: any, 'allowed-values': any } };
const items: Shape = { list: { keys: { step, parallel, stage, variables: { list: variable } } } };

const file: Shape = {
  keys: {
    image: any,
    clone: { keys: { depth: any } },
    options: { keys: { 'max-time': any, size: any } },
    definitions: {
      keys: {
        caches: { names: { keys: { path: any, key: { keys: { files: any } } } } },
        services: { names: { keys: { type: any, image: any, memory: any } } },
      },
    },
    pipelines: {
      keys: {
        default: items,
        'pull-requests': { names: items },
        branches: { names: items },
        tags: { names: items },
        custom: { names: items },
      },
    },
  },
};

/** Paths of the keys that Bitbucket, or this project, doesn't know: Bitbucket ignores them without a word. */
export function findUnknownKeys(value: unknown, shape: Shape = file, path = ''): readonly string[] {
  if (shape === 'any') return [];
  if ('list' in shape) {
    const list: readonly unknown[] = Array.isArray(value) ? value : [value];
    return list.flatMap((item, index) => findUnknownKeys(item, shape.list, `${path}[${index}]`));
  }
  return Object.entries(settingsOf(value)).flatMap(([key, inner]) => {
    const place = path === '' ? key : `${path}.${key}`;
    if ('names' in shape) return findUnknownKeys(inner, shape.names, place);
    const known = shape.keys[key];
    return known === undefined ? [place] : findUnknownKeys(inner, known, place);
  });
}
