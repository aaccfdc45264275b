import { linesOf, type Definition, type Step } from '../../lib/pipeline-definition.ts';
import { settingsIn, targetsOf } from './make-targets.ts';
import type { Rule } from './rule.ts';

/** One call of a target in a pipeline, in the order of the file. */
interface Call {
  readonly step: Step;
  readonly target: string;
  readonly settings: Readonly<Record<string, string>>;
}

const pipelinesOf = ({ steps }: Definition): readonly (readonly Call[])[] =>
  [...new Set(steps.map(({ pipeline }) => pipeline))].map((pipeline) =>
    steps
      .filter((step) => step.pipeline === pipeline)
      .flatMap((step) =>
        linesOf(step).flatMap((line) =>
          targetsOf(line).map((target) => ({ step, target, settings: settingsIn(line) })),
        ),
      ),
  );

/** Releases before which, in the same pipeline, something is missing that has to come first. */
const missingBefore =
  (
    isConcerned: (release: Call, pipeline: readonly Call[]) => boolean,
    isThere: (earlier: Call) => boolean,
    fault: string,
  ): Rule['find'] =>
  (definition) =>
    pipelinesOf(definition).flatMap((calls) =>
      calls.flatMap((call, index) =>
        call.target === 'release' &&
        isConcerned(call, calls) &&
        !calls.slice(0, index).some((earlier) => isThere(earlier))
          ? [`${call.step.pipeline}, step "${call.step.name}": ${fault}`]
          : [],
      ),
    );

const releases =
  (environment: string) =>
  ({ target, settings }: Call): boolean =>
    target === 'release' && settings['ENV'] === environment;

/** What has to come before what on the way to prod. */
export const rulesOfOrder: readonly Rule[] = [
  {
    id: 'signed-before-release',
    find: missingBefore(
      () => true,
      ({ target }) => target === 'sign',
      'nothing was signed before it, so `make release` would refuse the image',
    ),
  },
  {
    id: 'dev-before-staging',
    find: missingBefore(releases('staging'), releases('dev'), 'it releases what dev has not run'),
  },
  {
    id: 'staging-before-prod',
    find: missingBefore(releases('prod'), releases('staging'), 'it releases what staging has not run'),
  },
  {
    id: 'loaded-before-prod',
    find: missingBefore(
      releases('prod'),
      (call) => releases('staging')(call) && call.settings['LOAD_TEST'] === 'yes',
      'nobody has seen this version bear load in staging: LOAD_TEST=yes',
    ),
  },
  {
    id: 'drilled-before-prod',
    find: missingBefore(
      releases('prod'),
      ({ target }) => target === 'drill',
      'nobody has seen this version lose a task or its database',
    ),
  },
  {
    id: 'prod-by-approved-plan',
    find: missingBefore(
      (call) => releases('prod')(call) && call.settings['PLAN'] === undefined,
      () => false,
      'it applies a plan that nobody has read: PLAN=… is missing',
    ),
  },
  {
    id: 'rotation-of-prod-is-approved',
    find: (definition) =>
      pipelinesOf(definition)
        .flat()
        .filter(({ target, settings }) => target === 'rotate-cursor-key' && settings['ENV'] === 'prod')
        .filter(
          ({ step, settings }) => settings['PLAN'] === undefined || step.settings['trigger'] !== 'manual',
        )
        .map(
          ({ step }) =>
            `${step.pipeline}, step "${step.name}": it changes prod's keys by a plan that nobody has approved: PLAN=… and trigger: manual`,
        ),
  },
];
