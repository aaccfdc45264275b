import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { readDefinition } from '../../../tools/lib/pipeline-definition.ts';
import { findTargets, targetsOf } from '../../../tools/checks/pipeline/make-targets.ts';
import { rules } from '../../../tools/checks/pipeline/rules.ts';

const repository = fileURLToPath(new URL('../../../', import.meta.url));
const digest = `node@sha256:${'0'.repeat(64)}`;
const surroundings = {
  targets: new Set(['test', 'push', 'sign', 'release', 'drill', 'destroy', 'security', 'rotate-cursor-key']),
  hasFile: (path: string) => path === 'package-lock.json',
};

/** A file that keeps every rule, with one part replaced. */
const good = `
image: ${digest}
definitions:
  caches:
    npm: { path: node_modules, key: { files: [package-lock.json] } }
  services:
    docker: { type: docker, memory: 4096 }
pipelines:
  pull-requests:
    '**':
      - parallel:
          steps:
            - step: { name: Tests, size: 1x, max-time: 5, caches: [npm], services: [docker], script: [make test] }
  branches:
    main:
      - step: { name: Build, deployment: build, concurrency-group: build, oidc: true, size: 1x, max-time: 5, script: [make push sign] }
      - step: { name: Dev, deployment: dev, concurrency-group: dev, oidc: true, size: 1x, max-time: 5, script: [make release ENV=dev] }
      - step: { name: Staging, deployment: staging, concurrency-group: staging, oidc: true, size: 1x, max-time: 5, script: [make release ENV=staging LOAD_TEST=yes] }
      - step: { name: Drills, size: 1x, max-time: 5, script: [make drill] }
      - stage:
          steps:
            - step: { name: Prod, trigger: manual, deployment: prod, concurrency-group: prod, oidc: true, size: 1x, max-time: 5, script: [make release ENV=prod PLAN=prod.tfplan] }
  custom:
    destroy:
      - variables: [{ name: ENV, allowed-values: [dev, staging] }]
      - step: { name: Destroy, size: 1x, max-time: 5, script: [make destroy] }
    rotate:
      - step: { name: Rotate, trigger: manual, size: 1x, max-time: 5, script: [make rotate-cursor-key ENV=prod PLAN=step.tfplan] }
`;

const faultsOf = (text: string): readonly string[] => {
  const definition = readDefinition(text);
  return rules.flatMap(({ id, find }) => find(definition, surroundings).map((fault) => `${id}: ${fault}`));
};

test('a file that keeps every rule has no fault', () => {
  expect(faultsOf(good)).toEqual([]);
});

const mistakes: readonly (readonly [string, string, string, readonly string[]])[] = [
  [
    'a misspelt key',
    'size: 1x, max-time: 5, caches',
    'size: 1x, maxtime: 3, max-time: 5, caches',
    [
      "unknown-key: pipelines.pull-requests.**[0].parallel.steps[0].step.maxtime is no key of Bitbucket's that is used here",
    ],
  ],
  [
    'a misspelt script inside a parallel group',
    'script: [make test]',
    'scripts: [make test]',
    [
      "unknown-key: pipelines.pull-requests.**[0].parallel.steps[0].step.scripts is no key of Bitbucket's that is used here",
      'has-script: pull-requests/**, step "Tests": it has no script',
    ],
  ],
  [
    'an empty script',
    'script: [make test]',
    'script: []',
    ['has-script: pull-requests/**, step "Tests": it has no script'],
  ],
  [
    'an image by tag',
    `image: ${digest}`,
    'image: node:24',
    ['image-by-digest: image node:24 can change its content after the review'],
  ],
  [
    'no image, which would be a mutable default',
    `image: ${digest}`,
    'clone: { depth: 1 }',
    ['image-by-digest: image (none) can change its content after the review'],
  ],
  [
    "a service's image by tag",
    'type: docker,',
    'type: docker, image: docker:27,',
    ['image-by-digest: image docker:27 can change its content after the review'],
  ],
  [
    "a step's image by tag",
    'name: Tests,',
    'name: Tests, image: { name: "node:24" },',
    ['image-by-digest: image node:24 can change its content after the review'],
  ],
  [
    'a deployment without OIDC',
    'concurrency-group: dev, oidc: true',
    'concurrency-group: dev, oidc: false',
    ['deployment-signs-in-by-oidc: branches/main, step "Dev": it deploys without oidc: true'],
  ],
  [
    'a token outside of a deployment',
    'name: Tests,',
    'name: Tests, oidc: true,',
    [
      'oidc-only-in-deployments: pull-requests/**, step "Tests": its token names no environment, so no role may trust it',
    ],
  ],
  [
    'a deployment without a lock',
    'concurrency-group: dev, ',
    '',
    [
      'deployment-is-locked: branches/main, step "Dev": two runs could change the environment at once: it needs a concurrency-group',
    ],
  ],
  [
    'one deployment environment twice',
    'deployment: prod',
    'deployment: dev',
    [
      'deployment-once: branches/main, step "Prod": Bitbucket refuses a deployment environment twice in one pipeline',
    ],
  ],
  [
    'prod without a person, inside a stage',
    'trigger: manual, ',
    '',
    ['prod-waits-for-a-person: branches/main, step "Prod": it changes prod without trigger: manual'],
  ],
  [
    'a destroy that may name prod',
    '[dev, staging]',
    '[dev, prod]',
    ['prod-is-never-destroyed: custom/destroy, step "Destroy": it could destroy prod'],
  ],
  [
    'a destroy of whatever is typed',
    ', allowed-values: [dev, staging]',
    '',
    ['prod-is-never-destroyed: custom/destroy, step "Destroy": it could destroy prod'],
  ],
  [
    'a destroy of prod',
    'script: [make destroy]',
    'script: [make destroy ENV=prod]',
    ['prod-is-never-destroyed: custom/destroy, step "Destroy": it could destroy prod'],
  ],
  [
    'a step without limits',
    'name: Tests, size: 1x, max-time: 5,',
    'name: Tests,',
    [
      'bounded: pull-requests/**, step "Tests": it has no size',
      'bounded: pull-requests/**, step "Tests": it has no max-time',
    ],
  ],
  [
    'logic in a script',
    'script: [make test]',
    'script: ["make test || true"]',
    ['only-make: pull-requests/**, step "Tests": "make test || true" is more than one call of make'],
  ],
  [
    'another program in a script',
    'script: [make test]',
    'script: [npm ci]',
    ['only-make: pull-requests/**, step "Tests": "npm ci" is more than one call of make'],
  ],
  [
    "somebody else's pipe",
    'script: [make test]',
    'script: [{ pipe: "atlassian/x:1" }]',
    ['only-make: pull-requests/**, step "Tests": "{"pipe":"atlassian/x:1"}" is more than one call of make'],
  ],
  [
    'logic in an after-script',
    'script: [make test]',
    'script: [make test], after-script: ["echo $?"]',
    ['only-make: pull-requests/**, step "Tests": "echo $?" is more than one call of make'],
  ],
  [
    'a long script',
    'script: [make test]',
    'script: [make test, make test, make test]',
    [
      'only-make: pull-requests/**, step "Tests": a script has at most 2 lines: the order of things belongs into the Makefile',
    ],
  ],
  [
    'a target that is not there',
    'script: [make test]',
    'script: [make tests]',
    ['target-exists: pull-requests/**, step "Tests": the Makefile has no target tests'],
  ],
  [
    'a cache without a key',
    ', key: { files: [package-lock.json] }',
    '',
    ['cache-has-key: cache npm has no key files: it would outlive its lock file'],
  ],
  [
    'a cache whose key file is gone',
    'package-lock.json',
    'yarn.lock',
    ['cache-has-key: cache npm: there is no file yarn.lock'],
  ],
  [
    'a cache that nobody defined',
    'caches: [npm]',
    'caches: [node]',
    ['names-are-defined: pull-requests/**, step "Tests": no cache node is defined'],
  ],
  [
    'a service that nobody defined',
    'services: [docker]',
    'services: [redis]',
    ['names-are-defined: pull-requests/**, step "Tests": no service redis is defined'],
  ],
  [
    'a key that never expires',
    `image: ${digest}`,
    `image: { name: ${digest}, aws: { access-key: $KEY } }`,
    ['no-secrets: line 2: a long-lived key, or the place for one'],
  ],
  [
    'a variable for a secret',
    'name: ENV, allowed-values',
    'name: DB_PASSWORD, allowed-values',
    ['no-secrets: custom/destroy: variable DB_PASSWORD asks for a secret in the clear'],
  ],
  [
    'a secret on a command line',
    'script: [make test]',
    'script: [make test API_TOKEN=x]',
    ['no-secrets: pull-requests/**, step "Tests": "make test API_TOKEN=x" puts a secret into the log'],
  ],
  [
    'a scanner beside a token',
    'script: [make release ENV=dev]',
    'script: [make release security ENV=dev]',
    [
      'scanners-hold-no-credentials: branches/main, step "Dev": a third-party scanner runs beside a token of the account',
    ],
  ],
  [
    'a release of what nobody signed',
    'script: [make push sign]',
    'script: [make push]',
    ['Dev', 'Staging', 'Prod'].map(
      (step) =>
        `signed-before-release: branches/main, step "${step}": nothing was signed before it, so \`make release\` would refuse the image`,
    ),
  ],
  [
    'a release to staging past dev',
    'script: [make release ENV=dev]',
    'script: [make test]',
    ['dev-before-staging: branches/main, step "Staging": it releases what dev has not run'],
  ],
  [
    'a release to prod past staging',
    'script: [make release ENV=staging LOAD_TEST=yes]',
    'script: [make test]',
    [
      'staging-before-prod: branches/main, step "Prod": it releases what staging has not run',
      'loaded-before-prod: branches/main, step "Prod": nobody has seen this version bear load in staging: LOAD_TEST=yes',
    ],
  ],
  [
    'a release to prod without load before it',
    ' LOAD_TEST=yes',
    '',
    [
      'loaded-before-prod: branches/main, step "Prod": nobody has seen this version bear load in staging: LOAD_TEST=yes',
    ],
  ],
  [
    'a release to prod without drills',
    'script: [make drill]',
    'script: [make test]',
    [
      'drilled-before-prod: branches/main, step "Prod": nobody has seen this version lose a task or its database',
    ],
  ],
  [
    'a release to prod without an approved plan',
    ' PLAN=prod.tfplan',
    '',
    [
      'prod-by-approved-plan: branches/main, step "Prod": it applies a plan that nobody has read: PLAN=… is missing',
    ],
  ],
  ...[
    ['a key of prod that is replaced without an approved plan', ' PLAN=step.tfplan', ''],
    ['a key of prod that is replaced without a person', 'name: Rotate, trigger: manual', 'name: Rotate'],
  ].map(([mistake = '', part = '', wrong = '']): (typeof mistakes)[number] => [
    mistake,
    part,
    wrong,
    [
      'rotation-of-prod-is-approved: custom/rotate, step "Rotate": it changes prod\'s keys by a plan that nobody has approved: PLAN=… and trigger: manual',
    ],
  ]),
];

test.each(mistakes)('%s is found', (_mistake, part, wrong, expected) => {
  expect(good).toContain(part);
  expect(faultsOf(good.replace(part, wrong))).toEqual(expected);
});

test('a file without steps keeps no rule by having nothing to check', () => {
  expect(faultsOf(`image: ${digest}\npipelines: {}\n`)).toEqual(['has-steps: the file has no steps']);
});

test('every rule has a mistake that it finds', () => {
  const found = mistakes.flatMap(([, , , faults]) => faults.map((fault) => fault.split(':')[0]));

  expect(new Set([...found, 'has-steps'])).toEqual(new Set(rules.map(({ id }) => id)));
});

test('a key given twice is refused', () => {
  expect(() => readDefinition('image: a\nimage: b\n')).toThrow(/can't be read: Map keys must be unique/);
});

test.each([
  ['make test', ['test']],
  ['make toolchain image', ['toolchain', 'image']],
  ['make plan ENV=prod PLAN=release/prod.tfplan', ['plan']],
  ['make release ENV=$(cat file)', []],
  ['make -k test', []],
  ['make test; true', []],
  ['make', []],
])('%s calls %j', (line, targets) => {
  expect(targetsOf(line)).toEqual(targets);
});

describe("the project's own pipeline", () => {
  const definition = readDefinition(readFileSync(`${repository}bitbucket-pipelines.yml`, 'utf8'));
  const targets = findTargets(readFileSync(`${repository}Makefile`, 'utf8'));

  test('it keeps every rule', () => {
    const hasFile = (path: string): boolean => existsSync(`${repository}${path}`);

    expect(rules.flatMap(({ find }) => find(definition, { targets, hasFile }))).toEqual([]);
  });

  test('a change goes through dev and staging before prod is planned and released', () => {
    const deployments = definition.steps
      .filter(({ pipeline }) => pipeline === 'branches/main')
      .map(({ settings }) => settings['deployment'])
      .filter((name) => name !== undefined);

    expect(deployments).toEqual(['build', 'dev', 'staging', 'prod-plan', 'prod']);
  });

  test('no step of a pull request can sign in', () => {
    const signing = definition.steps
      .filter(({ pipeline }) => pipeline.startsWith('pull-requests/'))
      .map(({ settings }) => settings['oidc']);

    expect(signing).toEqual([undefined, undefined, undefined]);
  });
});
