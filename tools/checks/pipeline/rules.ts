import {
  linesOf,
  listOf,
  settingsOf,
  textOf,
  variablesOf,
  type Definition,
  type Settings,
  type Step,
} from '../../lib/pipeline-definition.ts';
import { findUnknownKeys } from './known-keys.ts';
import { targetsOf } from './make-targets.ts';
import type { Rule, Surroundings } from './rule.ts';
import { rulesOfOrder } from './rules-of-order.ts';

const maxLines = 2;
const secretName = /SECRET|PASSWORD|TOKEN|CREDENTIAL|(^|_)KEY($|_)/i;
const secretText =
  /AKIA[0-9A-Z]{16}|AWS_ACCESS_KEY_ID|AWS_SECRET_ACCESS_KEY|access-key|secret-key|-----BEGIN/;
/** Targets that run third-party scanners. */
const scanners: ReadonlySet<string> = new Set(['security', 'rescan']);

const placeOf = ({ pipeline, name }: Step): string => `${pipeline}, step "${name}"`;

/** One line for each step about which there is something to say. */
const perStep =
  (judge: (step: Step, definition: Definition, surroundings: Surroundings) => string | readonly string[]) =>
  (definition: Definition, surroundings: Surroundings): readonly string[] =>
    definition.steps.flatMap((step) =>
      [judge(step, definition, surroundings)]
        .flat()
        .filter((fault) => fault !== '')
        .map((fault) => `${placeOf(step)}: ${fault}`),
    );

const calls = (step: Step): readonly string[] => linesOf(step).flatMap(targetsOf);
const isDeployment = ({ settings }: Step): boolean => settings['deployment'] !== undefined;
const imageName = (image: unknown): string | undefined => textOf(image) ?? textOf(settingsOf(image)['name']);
const cachesOf = ({ content }: Definition): Settings =>
  settingsOf(settingsOf(content['definitions'])['caches']);
const servicesOf = ({ content }: Definition): Settings =>
  settingsOf(settingsOf(content['definitions'])['services']);

export const rules: readonly Rule[] = [
  {
    id: 'unknown-key',
    find: ({ content }) =>
      findUnknownKeys(content).map((path) => `${path} is no key of Bitbucket's that is used here`),
  },
  {
    id: 'has-steps',
    find: ({ steps }) => (steps.length === 0 ? ['the file has no steps'] : []),
  },
  {
    id: 'has-script',
    find: perStep(({ settings }) => (listOf(settings['script']).length === 0 ? 'it has no script' : '')),
  },
  {
    id: 'image-by-digest',
    find: (definition) =>
      [
        definition.content['image'] ?? '(none)',
        ...definition.steps.map(({ settings }) => settings['image']),
        ...Object.values(servicesOf(definition)).map((service) => settingsOf(service)['image']),
      ]
        .filter((image) => image !== undefined)
        .map((image) => imageName(image) ?? JSON.stringify(image))
        .filter((image) => !/@sha256:[0-9a-f]{64}$/.test(image))
        .map((image) => `image ${image} can change its content after the review`),
  },
  {
    id: 'deployment-signs-in-by-oidc',
    find: perStep((step) =>
      isDeployment(step) && step.settings['oidc'] !== true ? 'it deploys without oidc: true' : '',
    ),
  },
  {
    id: 'oidc-only-in-deployments',
    find: perStep((step) =>
      step.settings['oidc'] === true && !isDeployment(step)
        ? 'its token names no environment, so no role may trust it'
        : '',
    ),
  },
  {
    id: 'deployment-is-locked',
    find: perStep((step) =>
      isDeployment(step) && step.settings['concurrency-group'] === undefined
        ? 'two runs could change the environment at once: it needs a concurrency-group'
        : '',
    ),
  },
  {
    id: 'deployment-once',
    find: ({ steps }) =>
      steps.filter(isDeployment).flatMap((step, index, deployments) => {
        const same = (other: Step): boolean =>
          other.pipeline === step.pipeline && other.settings['deployment'] === step.settings['deployment'];
        return deployments.findIndex(same) < index
          ? [`${placeOf(step)}: Bitbucket refuses a deployment environment twice in one pipeline`]
          : [];
      }),
  },
  {
    id: 'prod-waits-for-a-person',
    find: perStep(({ pipeline, settings }) =>
      settings['deployment'] === 'prod' && !pipeline.startsWith('custom/') && settings['trigger'] !== 'manual'
        ? 'it changes prod without trigger: manual'
        : '',
    ),
  },
  {
    id: 'prod-is-never-destroyed',
    find: (definition) =>
      definition.steps
        .filter((step) => calls(step).includes('destroy'))
        .filter(
          (step) =>
            step.settings['deployment'] === 'prod' ||
            linesOf(step).some((line) => line.includes('ENV=prod')) ||
            variablesOf(definition).some(
              ({ pipeline, variable }) =>
                pipeline === step.pipeline &&
                variable['name'] === 'ENV' &&
                !isWithoutProd(listOf(variable['allowed-values'])),
            ),
        )
        .map((step) => `${placeOf(step)}: it could destroy prod`),
  },
  {
    id: 'bounded',
    find: perStep(({ settings }) =>
      ['size', 'max-time'].filter((key) => settings[key] === undefined).map((key) => `it has no ${key}`),
    ),
  },
  {
    id: 'only-make',
    find: perStep((step) => [
      ...linesOf(step)
        .filter((line) => targetsOf(line).length === 0)
        .map((line) => `"${line}" is more than one call of make`),
      listOf(step.settings['script']).length > maxLines
        ? `a script has at most ${maxLines} lines: the order of things belongs into the Makefile`
        : '',
    ]),
  },
  {
    id: 'target-exists',
    find: perStep((step, _definition, { targets }) =>
      calls(step)
        .filter((target) => !targets.has(target))
        .map((target) => `the Makefile has no target ${target}`),
    ),
  },
  {
    id: 'cache-has-key',
    find: (definition, { hasFile }) =>
      Object.entries(cachesOf(definition)).flatMap(([name, cache]) => {
        const files = listOf(settingsOf(settingsOf(cache)['key'])['files']).map(String);
        if (files.length === 0) return [`cache ${name} has no key files: it would outlive its lock file`];
        return files
          .filter((file) => !hasFile(file))
          .map((file) => `cache ${name}: there is no file ${file}`);
      }),
  },
  {
    id: 'names-are-defined',
    find: perStep(({ settings }, definition) => [
      ...listOf(settings['caches'])
        .filter((name) => !(String(name) in cachesOf(definition)))
        .map((name) => `no cache ${String(name)} is defined`),
      ...listOf(settings['services'])
        .filter((name) => !(String(name) in servicesOf(definition)))
        .map((name) => `no service ${String(name)} is defined`),
    ]),
  },
  {
    id: 'no-secrets',
    find: (definition) => [
      ...definition.text
        .split('\n')
        .flatMap((line, index) =>
          secretText.test(line.replace(/#.*/, ''))
            ? [`line ${index + 1}: a long-lived key, or the place for one`]
            : [],
        ),
      ...variablesOf(definition)
        .filter(({ variable }) => secretName.test(String(variable['name'])))
        .map(
          ({ pipeline, variable }) =>
            `${pipeline}: variable ${String(variable['name'])} asks for a secret in the clear`,
        ),
      ...definition.steps.flatMap((step) =>
        linesOf(step)
          .filter((line) =>
            [...line.matchAll(/\$\{?(\w+)|(\b\w+)=/g)].some((match) =>
              secretName.test(match[1] ?? match[2] ?? ''),
            ),
          )
          .map((line) => `${placeOf(step)}: "${line}" puts a secret into the log`),
      ),
    ],
  },
  {
    id: 'scanners-hold-no-credentials',
    find: perStep((step) =>
      step.settings['oidc'] === true && calls(step).some((target) => scanners.has(target))
        ? 'a third-party scanner runs beside a token of the account'
        : '',
    ),
  },
  ...rulesOfOrder,
];

const isWithoutProd = (allowed: readonly unknown[]): boolean =>
  allowed.length > 0 && !allowed.includes('prod');
