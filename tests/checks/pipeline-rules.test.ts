import { expect, test } from '@jest/globals';
import { callsOf, judgePipeline, rules } from '../../tools/checks/pipeline-rules.ts';
import { readDefinition } from '../../tools/lib/pipeline-definition.ts';

const digest = `node@sha256:${'0'.repeat(64)}`;

/** A file that keeps every rule. */
const good = `
image: ${digest}
options: { max-time: 45 }
definitions:
  services:
    docker: { type: docker, memory: 4096 }
pipelines:
  pull-requests:
    '**':
      - parallel:
          steps:
            - step: { name: Tests, services: [docker], script: [make test] }
  branches:
    main:
      - step: { name: Build, deployment: build, concurrency-group: build, oidc: true, script: [make push sign] }
      - step: { name: Dev, deployment: dev, concurrency-group: dev, oidc: true, script: [make release ENV=dev] }
      - step: { name: Staging, deployment: staging, concurrency-group: staging, oidc: true, script: [make release ENV=staging LOAD_TEST=yes] }
      - step: { name: Drills, script: [make drill] }
      - stage:
          steps:
            - step: { name: Plan, deployment: prod-plan, concurrency-group: prod, oidc: true, script: [make plan ENV=prod PLAN=p] }
            - step: { name: Prod, trigger: manual, deployment: prod, concurrency-group: prod, oidc: true, script: [make release ENV=prod PLAN=p] }
  custom:
    rollback-prod:
      - step: { name: Back, deployment: prod, concurrency-group: prod, oidc: true, script: [make rollback ENV=prod] }
    destroy-dev:
      - variables: [{ name: ENV, allowed-values: [dev, staging] }]
      - step: { name: Destroy, deployment: dev, concurrency-group: dev, oidc: true, script: [make destroy ENV=dev] }
    nightly-rescan-dev:
      - step: { name: Scan, script: [make security ENV=dev] }
    rotate-cursor-key-prod:
      - step: { name: Plan it, deployment: prod-plan, concurrency-group: prod, oidc: true, script: [make plan ENV=prod PLAN=r] }
      - step: { name: Rotate, trigger: manual, deployment: prod, concurrency-group: prod, oidc: true, script: [make rotate-cursor-key ENV=prod PLAN=r] }
`;
const tests = 'pull-requests/**, step "Tests"';
const unread = 'it applies a plan that nobody has read: an earlier step writes one to the same PLAN=…';
const moreThanMake = (line: string): string =>
  `only-make: ${tests}: "${line}" is more than one call of make: it could print a secret or ignore a failure, and nobody can run it at home`;
const unpinned = (image: string): string =>
  `image-by-digest: image ${image} can change its content after the review: name it by @sha256:…`;

test('a file that keeps every rule has no fault', () => {
  expect(judgePipeline(readDefinition(good))).toEqual([]);
});

/** What is changed in the good file, and every fault that must be found then. */
const mistakes: readonly (readonly [string, string, string, ...string[]])[] = [
  ['an image by tag', `image: ${digest}`, 'image: node:24', unpinned('node:24')],
  ['no image, which would be a mutable default', `image: ${digest}`, 'clone: {}', unpinned('(none)')],
  ["a service's image by tag", 'type: docker,', 'type: docker, image: docker:27,', unpinned('docker:27')],
  ["a step's image by tag", 'name: Tests,', 'name: Tests, image: { name: "node:24" },', unpinned('node:24')],
  [
    'a deployment without OIDC',
    'group: dev, oidc: true, script: [make release',
    'group: dev, oidc: false, script: [make release',
    'oidc-in-deployments: branches/main, step "Dev": it deploys without oidc: true',
  ],
  [
    'a token for unreviewed code',
    'name: Tests,',
    'name: Tests, oidc: true,',
    `oidc-in-deployments: ${tests}: its token names no environment, so no role may trust it: give it a deployment`,
    `oidc-in-deployments: ${tests}: unreviewed code would get a token`,
    `known-places: ${tests}: make test has no place here with a token of the account`,
  ],
  [
    'a deployment without a lock',
    'deployment: dev, concurrency-group: dev, oidc: true, script: [make release',
    'deployment: dev, oidc: true, script: [make release',
    'one-environment: branches/main, step "Dev": two runs could change dev at once: its concurrency-group is (none)',
  ],
  [
    "another environment's lock",
    'deployment: prod, concurrency-group: prod, oidc: true, script: [make rollback',
    'deployment: prod, concurrency-group: dev, oidc: true, script: [make rollback',
    'one-environment: custom/rollback-prod, step "Back": two runs could change prod at once: its concurrency-group is dev',
  ],
  [
    "another environment's role",
    'deployment: prod, concurrency-group: prod, oidc: true, script: [make rollback',
    'deployment: dev, concurrency-group: prod, oidc: true, script: [make rollback',
    'one-environment: custom/rollback-prod, step "Back": two runs could change dev at once: its concurrency-group is prod',
    'one-environment: custom/rollback-prod, step "Back": its pipeline is named for prod, it deploys to dev',
    'one-environment: custom/rollback-prod, step "Back": it says ENV=prod, but is a step of dev',
  ],
  [
    'another ENV than the deployment',
    'make rollback ENV=prod',
    'make rollback ENV=dev',
    'one-environment: custom/rollback-prod, step "Back": it says ENV=dev, but is a step of prod',
  ],
  [
    'another ENV than the pipeline, in a step without a deployment',
    'make security ENV=dev',
    'make security ENV=prod',
    'one-environment: custom/nightly-rescan-dev, step "Scan": it says ENV=prod, but is a step of dev',
  ],
  [
    'a reader with the role that changes',
    'deployment: prod-plan, concurrency-group: prod, oidc: true, script: [make plan ENV=prod PLAN=r]',
    'deployment: prod, trigger: manual, concurrency-group: prod, oidc: true, script: [make plan ENV=prod PLAN=r]',
    'one-environment: custom/rotate-cursor-key-prod, step "Plan it": it only reads, with the role that changes prod: take deployment: prod-plan',
  ],
  [
    'a deployment that names no ENV',
    'make rollback ENV=prod',
    'make rollback',
    'one-environment: custom/rollback-prod, step "Back": it says no ENV=…',
  ],
  [
    'an environment changed from elsewhere',
    'make rollback ENV=prod',
    'make deploy ENV=prod',
    'known-places: custom/rollback-prod, step "Back": make deploy has no place here with a token of the account',
  ],
  [
    'data loaded by a release',
    '[make release ENV=dev]',
    '[make release deploy ENV=dev]',
    'known-places: branches/main, step "Dev": make deploy has no place here with a token of the account',
  ],
  [
    'prod without a person, inside a stage',
    'name: Prod, trigger: manual, ',
    'name: Prod, ',
    'prod-waits-for-a-person: branches/main, step "Prod": it changes prod without trigger: manual',
  ],
  [
    'a release to prod without a plan',
    ' ENV=prod PLAN=p] }\n  custom',
    ' ENV=prod] }\n  custom',
    `prod-waits-for-a-person: branches/main, step "Prod": ${unread}`,
  ],
  [
    'a release to prod of another plan',
    'make plan ENV=prod PLAN=p',
    'make plan ENV=prod PLAN=q',
    `prod-waits-for-a-person: branches/main, step "Prod": ${unread}`,
  ],
  [
    "prod's key replaced without a plan",
    'key ENV=prod PLAN=r',
    'key ENV=prod',
    `prod-waits-for-a-person: custom/rotate-cursor-key-prod, step "Rotate": ${unread}`,
  ],
  [
    "prod's key replaced without a person",
    'name: Rotate, trigger: manual',
    'name: Rotate',
    'prod-waits-for-a-person: custom/rotate-cursor-key-prod, step "Rotate": it changes prod without trigger: manual',
  ],
  [
    'a destroy that may name prod',
    '[dev, staging]',
    '[dev, prod]',
    'prod-is-never-destroyed: custom/destroy-dev, step "Destroy": it could destroy prod',
  ],
  [
    'a destroy of whatever is typed',
    ', allowed-values: [dev, staging]',
    '',
    'prod-is-never-destroyed: custom/destroy-dev, step "Destroy": it could destroy prod',
  ],
  [
    'a destroy of prod',
    'make destroy ENV=dev',
    'make destroy ENV=prod',
    'one-environment: custom/destroy-dev, step "Destroy": it says ENV=prod, but is a step of dev',
    'prod-is-never-destroyed: custom/destroy-dev, step "Destroy": it could destroy prod',
  ],
  [
    'a release of what nobody signed',
    'make push sign',
    'make push',
    ...['Dev": a release to dev', 'Staging": a release to staging', 'Prod": a release to prod'].map(
      (step) =>
        `release-in-order: branches/main, step "${step} comes after a signature (make sign): missing here`,
    ),
  ],
  [
    'a release to staging past dev',
    'make release ENV=dev',
    'make tools ENV=dev',
    'release-in-order: branches/main, step "Staging": a release to staging comes after a release to dev: missing here',
    'release-in-order: branches/main, step "Prod": a release to prod comes after a release to dev: missing here',
  ],
  [
    'a release to prod without load before it',
    ' LOAD_TEST=yes',
    '',
    'release-in-order: branches/main, step "Prod": a release to prod comes after a release to staging under load (LOAD_TEST=yes): missing here',
  ],
  [
    'a release to prod without drills',
    'make drill',
    'make test',
    'release-in-order: branches/main, step "Prod": a release to prod comes after drills (make drill, of task-killed, zone-lost, database-gone, broken-deployment at least): missing here',
  ],
  [
    'a release to prod after some of the drills',
    '[make drill]',
    '["make drill DRILLS=task-killed,zone-lost,broken-deployment"]',
    'release-in-order: branches/main, step "Prod": a release to prod comes after drills (make drill, of task-killed, zone-lost, database-gone, broken-deployment at least): missing here',
  ],
  ['an ignored failure', '[make test]', '["make test || true"]', moreThanMake('make test || true')],
  ['another program', '[make test]', '[npm ci]', moreThanMake('npm ci')],
  [
    "somebody else's pipe",
    '[make test]',
    '[{ pipe: "atlassian/x:1" }]',
    moreThanMake('{"pipe":"atlassian/x:1"}'),
  ],
  [
    'logic in an after-script',
    '[make test]',
    '[make test], after-script: ["echo $?"]',
    moreThanMake('echo $?'),
  ],
  [
    'a long script',
    '[make test]',
    '[make test, make test, make test]',
    `only-make: ${tests}: a script has at most 2 lines: the order of things belongs into the Makefile`,
  ],
  [
    'a key that never expires',
    `image: ${digest}`,
    `image: { name: ${digest}, aws: { access-key: $KEY } }`,
    'no-secrets: line 2: a long-lived key, or the place for one; steps sign in with oidc: true',
  ],
  [
    'a variable for a secret',
    'name: ENV, allowed-values',
    'name: DB_PASSWORD, allowed-values',
    'no-secrets: custom/destroy-dev: variable DB_PASSWORD asks for a secret in the clear',
  ],
  [
    'a secret on a command line',
    '[make test]',
    '[make test API_TOKEN=x]',
    `no-secrets: ${tests}: "make test API_TOKEN=x" puts a secret into the log`,
  ],
  [
    'a pull request that costs too much',
    'name: Tests, services',
    'name: Tests, size: 4x, services',
    'pull-request-minutes: its steps may take 180 build minutes (max-time, times size), and 60 are what one may cost: shorten one, or take a smaller size',
  ],
  [
    'a step that its role does not outlive',
    'name: Dev, deployment',
    'name: Dev, max-time: 46, deployment',
    'rights-outlive-the-step: branches/main, step "Dev": it may last 46 minutes; its token and role end after 60, and a return at its end has to fit in: max-time 45 at most',
  ],
  [
    'a scanner beside a token',
    'make release ENV=dev',
    'make release security ENV=dev',
    'known-places: branches/main, step "Dev": make security has no place here with a token of the account',
    'scanners-hold-no-credentials: branches/main, step "Dev": a third-party scanner runs beside a token of the account: give it a step of its own',
  ],
];

test.each(mistakes)('%s is found', (_mistake, part, wrong, ...expected) => {
  expect(good).toContain(part);
  expect(judgePipeline(readDefinition(good.replace(part, wrong)))).toEqual(expected);
});

test('every rule has a mistake that it finds, and there are twelve', () => {
  const found = mistakes.flatMap(([, , , ...faults]) => faults.map((fault) => fault.split(':')[0]));

  expect(new Set(found)).toEqual(new Set(rules.map(({ id }) => id)));
  expect(rules).toHaveLength(12);
});

test.each([
  ['no YAML', 'image: [', 'Flow sequence in block collection'],
  ['a key given twice', 'image: a\nimage: b\n', 'Map keys must be unique'],
  ['an alias to nowhere', 'image: *nowhere\n', 'Unresolved alias'],
  ['no steps', 'pipelines: {}\n', 'bitbucket-pipelines.yml has no steps.'],
  ['nothing', '', 'bitbucket-pipelines.yml has no steps.'],
])('a file with %s is refused in one sentence', (_what, text, message) => {
  expect(() => readDefinition(text)).toThrow(expect.objectContaining({ name: 'Misuse', exitCode: 2 }));
  expect(() => readDefinition(text)).toThrow(new RegExp(`^[^\\n]*${message}[^\\n]*$`));
});

test.each([
  ['make test', ['test'], {}],
  ['make toolchain image', ['toolchain', 'image'], {}],
  ['make plan ENV=prod PLAN=release/p', ['plan'], { ENV: 'prod', PLAN: 'release/p' }],
  ['make release ENV=$(cat file)', [], undefined],
  ['make -k test', [], undefined],
  ['make test; true', [], undefined],
  ['make', [], undefined],
])('%s calls %j', (line, targets, settings) => {
  const calls = callsOf({ pipeline: 'p', name: 'n', settings: { script: [line] } });

  expect(calls.map(({ target }) => target)).toEqual(targets);
  expect(calls[0]?.settings).toEqual(settings);
});
