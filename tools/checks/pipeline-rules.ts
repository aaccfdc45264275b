import { markdownTable } from '../lib/markdown.ts';
import { linesOf, listOf, settingsOf, textOf, variablesOf } from '../lib/pipeline-definition.ts';
import type { Definition, Settings, Step } from '../lib/pipeline-definition.ts';

/** A rule that protects prod or a secret. Bitbucket's schema, which `make pipeline-check` asks too, judges the rest. */
export interface Rule {
  readonly id: string;
  /** Places that break the rule, one line each; the line says what is wrong there, and what to do. */
  readonly find: (definition: Definition) => readonly string[];
}

/** One call of a target, in the order of the file. */
export interface Call {
  readonly step: Step;
  readonly target: string;
  readonly settings: Readonly<Record<string, string>>;
}

const makeLine = /^make((?: [a-z][a-z-]*)+)((?: [A-Z][A-Z_]*=[\w./:@,-]*)*)$/;

/** The calls of a step. A line that is more than one call of make with plain settings has none. */
export const callsOf = (step: Step): readonly Call[] =>
  linesOf(step).flatMap((line) => {
    const [, targets = '', given = ''] = makeLine.exec(line) ?? [];
    const settings = Object.fromEntries(
      [...given.matchAll(/(\w+)=(\S*)/g)].map(([, name = '', value = '']) => [name, value]),
    );
    return targets
      .trim()
      .split(' ')
      .filter((target) => target !== '')
      .map((target) => ({ step, target, settings }));
  });

const deploymentOf = ({ settings }: Step): string | undefined => textOf(settings['deployment']);
const signsIn = ({ settings }: Step): boolean => settings['oidc'] === true;
const isManual = ({ settings }: Step): boolean => settings['trigger'] === 'manual';
const isOf = (call: Call, environment: string, ...targets: readonly string[]): boolean =>
  targets.includes(call.target) && call.settings['ENV'] === environment;

/** One line for each fault of each step. */
const perStep =
  (judge: (step: Step, definition: Definition) => readonly (string | false | undefined)[]): Rule['find'] =>
  (definition) =>
    definition.steps.flatMap((step) =>
      judge(step, definition)
        .filter((fault) => typeof fault === 'string')
        .map((fault) => `${step.pipeline}, step "${step.name}": ${fault}`),
    );

/** The calls of the same pipeline before this step, and those of the step itself. */
const callsUpTo = (step: Step, { steps }: Definition): readonly Call[] =>
  steps
    .filter(({ pipeline }) => pipeline === step.pipeline)
    .slice(0, steps.filter(({ pipeline }) => pipeline === step.pipeline).indexOf(step) + 1)
    .flatMap(callsOf);

/** The environment that a pipeline is named for, as in `custom/rollback-prod`. */
const namedFor = ({ pipeline }: Step, { steps }: Definition): string | undefined => {
  const environments = steps.map((step) => deploymentOf(step)?.replace(/-plan$/, ''));
  return environments.find((name) => name !== undefined && pipeline.endsWith(`-${name}`));
};

/** What a step with a token of the account may call, and in which pipelines: whatever else it calls is a mistake. */
const placesOf: Readonly<Record<string, RegExp>> = {
  tools: /./,
  image: /^branches\/main$/,
  push: /^branches\/main$/,
  sign: /^branches\/main$/,
  release: /^branches\/main$/,
  plan: /^(branches\/main$|custom\/rotate-cursor-key-)/,
  rollback: /^custom\/rollback-/,
  'rotate-cursor-key': /^custom\/rotate-cursor-key-/,
  destroy: /^custom\/destroy-/,
  // With DATA=yes: it loads movies.
  deploy: /^custom\/load-data-/,
  drift: /^custom\/nightly-drift-/,
  // With ARCHIVE=yes: it fetches what runs.
  verify: /^custom\/nightly-rescan-/,
};
/** What changes nothing takes the role that can't: `deployment: …-plan`. */
const reading = ['plan', 'drift', 'verify'];
/** Without DRILLS all of them are run. */
const requiredDrills = ['task-killed', 'zone-lost', 'database-gone', 'broken-deployment'];
/** Targets that run third-party scanners. */
const scanners = ['security'];

/** Of a step with a role: `max_session_duration` in terraform/bootstrap is an hour, and the token's life is known to be as long. */
export const longestMinutes = 45;

/** What a pull request may cost at most, in build minutes: its checks with empty caches, which come once a week. */
const longestPullRequest = 60;

const minutesOf = (step: Step, content: Settings): number =>
  Number(step.settings['max-time'] ?? settingsOf(content['options'])['max-time'] ?? 120);

/** What each step of a pipeline may take, and what that counts: a minute of a 2x step is two build minutes. */
const countMinutes = (
  { steps, content }: Definition,
  pipeline: string,
): readonly { name: string; size: string; minutes: number; counted: number }[] =>
  steps
    .filter((step) => step.pipeline === pipeline)
    .map((step) => {
      const [size, minutes] = [textOf(step.settings['size']) ?? '1x', minutesOf(step, content)];
      return { name: step.name, size, minutes, counted: minutes * Number.parseInt(size) };
    });

/** For a person who pays: what a pull request, and what the way to prod, count at most. */
export function describeMinutes(definition: Definition): string {
  const rows = countMinutes(definition, 'branches/main');
  const checks = countMinutes(definition, 'pull-requests/**');
  const sum = (of: typeof rows): number => of.reduce((total, { counted }) => total + counted, 0);
  return [
    markdownTable(
      ['Step of `main` ', 'Size', 'Ends after', 'Build minutes at most'],
      rows.map(({ name, size, minutes, counted }) => [name, size, `${minutes} min`, String(counted)]),
    ),
    `A pull request runs the first ${checks.length} steps: **${sum(checks)}** build minutes at most. A commit on \`main\`, all the way to prod: ${sum(rows)} at most.`,
  ].join('\n\n');
}

const secretName = /SECRET|PASSWORD|TOKEN|CREDENTIAL|(^|_)KEY($|_)/i;
const secretText =
  /AKIA[0-9A-Z]{16}|AWS_ACCESS_KEY_ID|AWS_SECRET_ACCESS_KEY|BITBUCKET_APP_PASSWORD|access-key|secret-key|-----BEGIN/;
const namesIn = (line: string): readonly string[] =>
  [...line.matchAll(/\$\{?(\w+)|(\b\w+)=/g)].map(([, used, set]) => used ?? set ?? '');

export const rules: readonly Rule[] = [
  {
    id: 'image-by-digest',
    find: ({ content, steps }) =>
      [
        content['image'] ?? '(none)',
        ...steps.map(({ settings }) => settings['image']),
        ...Object.values(settingsOf(settingsOf(content['definitions'])['services'])).map(
          (service) => settingsOf(service)['image'],
        ),
      ]
        .filter((image) => image !== undefined)
        .map((image) => textOf(image) ?? textOf(settingsOf(image)['name']) ?? JSON.stringify(image))
        .filter((image) => !/@sha256:[0-9a-f]{64}$/.test(image))
        .map((image) => `image ${image} can change its content after the review: name it by @sha256:…`),
  },
  {
    id: 'oidc-in-deployments',
    find: perStep((step) => [
      deploymentOf(step) !== undefined && !signsIn(step) && 'it deploys without oidc: true',
      signsIn(step) &&
        deploymentOf(step) === undefined &&
        'its token names no environment, so no role may trust it: give it a deployment',
      signsIn(step) && step.pipeline.startsWith('pull-requests/') && 'unreviewed code would get a token',
    ]),
  },
  {
    id: 'one-environment',
    find: perStep((step, definition) => {
      const environment = deploymentOf(step)?.replace(/-plan$/, '') ?? namedFor(step, definition);
      const named = namedFor(step, definition);
      const given = callsOf(step).flatMap(({ settings }) => settings['ENV'] ?? []);
      const isDeployment = deploymentOf(step) !== undefined;
      const group = textOf(step.settings['concurrency-group']) ?? '(none)';
      return [
        isDeployment &&
          group !== environment &&
          `two runs could change ${environment ?? ''} at once: its concurrency-group is ${group}`,
        named !== environment &&
          named !== undefined &&
          `its pipeline is named for ${named}, it deploys to ${environment ?? ''}`,
        ...given
          .filter((name) => name !== environment)
          .map((name) => `it says ENV=${name}, but is a step of ${environment ?? 'no environment'}`),
        isDeployment && environment !== 'build' && given.length === 0 && 'it says no ENV=…',
        isDeployment &&
          callsOf(step).some(({ target }) => reading.includes(target)) &&
          deploymentOf(step) === environment &&
          `it only reads, with the role that changes ${environment}: take deployment: ${environment}-plan`,
      ];
    }),
  },
  {
    id: 'known-places',
    find: perStep((step) =>
      callsOf(step)
        .filter(({ target }) => signsIn(step) || (target in placesOf && target !== 'image'))
        .filter(({ target }) => placesOf[target]?.test(step.pipeline) !== true)
        .map(({ target }) => `make ${target} has no place here with a token of the account`),
    ),
  },
  {
    id: 'prod-waits-for-a-person',
    find: perStep((step, definition) => {
      const earlier = callsUpTo(step, definition);
      const changes = callsOf(step).filter((call) => isOf(call, 'prod', 'release', 'rotate-cursor-key'));
      const isStarted = step.pipeline.startsWith('custom/') && changes.length === 0;
      return [
        (deploymentOf(step) === 'prod' || changes.length > 0) &&
          !isStarted &&
          !isManual(step) &&
          'it changes prod without trigger: manual',
        ...changes
          .filter(({ settings: { PLAN: plan } }) => {
            const isPlan = (call: Call): boolean =>
              isOf(call, 'prod', 'plan') && call.settings['PLAN'] === plan;
            return plan === undefined || !earlier.some(isPlan);
          })
          .map(() => 'it applies a plan that nobody has read: an earlier step writes one to the same PLAN=…'),
      ];
    }),
  },
  {
    id: 'prod-is-never-destroyed',
    find: perStep((step, definition) => {
      const typed = variablesOf(definition)
        .filter(({ pipeline, variable }) => pipeline === step.pipeline && variable['name'] === 'ENV')
        .map(({ variable }) => listOf(variable['allowed-values']));
      const couldBeProd =
        deploymentOf(step) === 'prod' ||
        callsOf(step).some((call) => isOf(call, 'prod', 'destroy')) ||
        typed.some((allowed) => allowed.length === 0 || allowed.includes('prod'));
      return [
        callsOf(step).some(({ target }) => target === 'destroy') && couldBeProd && 'it could destroy prod',
      ];
    }),
  },
  {
    id: 'release-in-order',
    find: perStep((step, definition) => {
      const earlier = callsUpTo(step, definition);
      const needed: readonly (readonly [string, string, (call: Call) => boolean])[] = [
        ['dev staging prod', 'a signature (make sign)', ({ target }) => target === 'sign'],
        ['staging prod', 'a release to dev', (call) => isOf(call, 'dev', 'release')],
        [
          'prod',
          'a release to staging under load (LOAD_TEST=yes)',
          (call) => isOf(call, 'staging', 'release') && call.settings['LOAD_TEST'] === 'yes',
        ],
        [
          'prod',
          `drills (make drill, of ${requiredDrills.join(', ')} at least)`,
          ({ target, settings: { DRILLS: named } }) =>
            target === 'drill' &&
            requiredDrills.every((id) => named === undefined || named.split(',').includes(id)),
        ],
      ];
      return callsOf(step)
        .filter(({ target }) => target === 'release')
        .map(({ settings: { ENV: environment = '' } }) => {
          const missing = needed
            .filter(([environments]) => environments.split(' ').includes(environment))
            .filter(([, , isThere]) => !earlier.some(isThere))
            .map(([, name]) => name);
          return (
            missing.length > 0 &&
            `a release to ${environment} comes after ${missing.join(', ')}: missing here`
          );
        });
    }),
  },
  {
    id: 'only-make',
    find: perStep((step) => [
      ...linesOf(step)
        .filter((line) => !makeLine.test(line))
        .map(
          (line) =>
            `"${line}" is more than one call of make: it could print a secret or ignore a failure, and nobody can run it at home`,
        ),
      listOf(step.settings['script']).length > 2 &&
        'a script has at most 2 lines: the order of things belongs into the Makefile',
    ]),
  },
  {
    id: 'no-secrets',
    find: (definition) => [
      ...definition.text
        .split('\n')
        .flatMap((line, index) =>
          secretText.test(line.replace(/(^|\s)#.*/, ''))
            ? [`line ${index + 1}: a long-lived key, or the place for one; steps sign in with oidc: true`]
            : [],
        ),
      ...variablesOf(definition)
        .filter(({ variable }) => secretName.test(String(variable['name'])))
        .map(
          ({ pipeline, variable }) =>
            `${pipeline}: variable ${String(variable['name'])} asks for a secret in the clear`,
        ),
      ...perStep((step) =>
        linesOf(step)
          .filter((line) => namesIn(line).some((name) => secretName.test(name)))
          .map((line) => `"${line}" puts a secret into the log`),
      )(definition),
    ],
  },
  {
    id: 'pull-request-minutes',
    find: (definition) => {
      const all = countMinutes(definition, 'pull-requests/**').reduce((sum, { counted }) => sum + counted, 0);
      return all > longestPullRequest
        ? [
            `its steps may take ${all} build minutes (max-time, times size), and ${longestPullRequest} are what one may cost: shorten one, or take a smaller size`,
          ]
        : [];
    },
  },
  {
    id: 'rights-outlive-the-step',
    find: perStep((step, { content }) => {
      const minutes = minutesOf(step, content);
      return [
        signsIn(step) &&
          minutes > longestMinutes &&
          `it may last ${minutes} minutes; its token and role end after 60, and a return at its end has to fit in: max-time ${longestMinutes} at most`,
      ];
    }),
  },
  {
    id: 'scanners-hold-no-credentials',
    find: perStep((step) => [
      signsIn(step) &&
        callsOf(step).some(({ target }) => scanners.includes(target)) &&
        'a third-party scanner runs beside a token of the account: give it a step of its own',
    ]),
  },
];

/** Every fault, as `rule: place: what is wrong`. */
export const judgePipeline = (definition: Definition): readonly string[] =>
  rules.flatMap(({ id, find }) => find(definition).map((fault) => `${id}: ${fault}`));
