import { Misuse } from '../../../app/src/commands/problem.ts';
import { listOf, settingsOf, textOf, type Definition, type Settings } from '../../lib/pipeline-definition.ts';

/** A step as it will be run. */
export interface PlannedStep {
  readonly name: string;
  readonly settings: Settings;
  readonly script: readonly string[];
  readonly afterScript: readonly string[];
  readonly deployment: string | undefined;
  readonly wantsToken: boolean;
  readonly isManual: boolean;
  readonly maxMinutes: number;
}

/** Steps that run side by side; most often one. */
export interface Stage {
  readonly steps: readonly PlannedStep[];
  /** Whether the first failure ends the others. */
  readonly failFast: boolean;
}

const defaultMinutes = 120;

/**
 * What runs after what in a pipeline such as `branches/main`. Throws `Misuse` for anything that it doesn't know: to leave
 * out a step in silence would be worse.
 */
export function readStages({ content }: Definition, pipeline: string): readonly Stage[] {
  const [group = '', ...rest] = pipeline.split('/');
  const items = settingsOf(settingsOf(content['pipelines'])[group])[rest.join('/')];
  if (!Array.isArray(items))
    throw new Misuse(
      `bitbucket-pipelines.yml has no pipeline ${pipeline}.`,
      'Name one like branches/main, pull-requests/** or custom/rollback-dev.',
    );
  const minutes = Number(settingsOf(content['options'])['max-time'] ?? defaultMinutes);
  return items
    .filter((item) => !('variables' in settingsOf(item)))
    .map((item) => readStage(settingsOf(item), minutes));
}

function readStage(item: Settings, minutes: number): Stage {
  const { step, parallel, ...unknown } = item;
  const [name] = Object.keys(unknown);
  if (name !== undefined)
    throw new Misuse(
      `A pipeline holds ${name}, which can't be run here.`,
      'Use step and parallel, or teach tools/sandbox/pipeline.',
    );
  if (step !== undefined) return { steps: [readStep(settingsOf(step), minutes)], failFast: false };
  const group = settingsOf(parallel);
  const steps = Array.isArray(parallel) ? parallel : listOf(group['steps']);
  return {
    steps: steps.map((one) => readStep(settingsOf(settingsOf(one)['step']), minutes)),
    failFast: group['fail-fast'] === true,
  };
}

function readStep(settings: Settings, minutes: number): PlannedStep {
  const name = textOf(settings['name']) ?? '(no name)';
  const script = linesOf(settings['script']);
  if (script.length === 0) throw new Misuse(`The step ${name} has no script.`, 'See `make check`.');
  return {
    name,
    settings,
    script,
    afterScript: linesOf(settings['after-script']),
    deployment: textOf(settings['deployment']),
    wantsToken: settings['oidc'] === true,
    isManual: settings['trigger'] === 'manual',
    maxMinutes: Number(settings['max-time'] ?? minutes),
  };
}

const linesOf = (value: unknown): readonly string[] =>
  listOf(value).map((line) => {
    if (typeof line === 'string') return line;
    throw new Misuse(
      `A script holds ${JSON.stringify(line)}.`,
      'Lines of a shell only: pipes are not run here.',
    );
  });
