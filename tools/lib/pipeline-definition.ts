import { Misuse } from '../../app/src/commands/problem.ts';
import { readYaml } from './yaml.ts';

export type Settings = Readonly<Record<string, unknown>>;

export interface Step {
  /** The pipeline that it is part of, such as `branches/main`. */
  readonly pipeline: string;
  readonly name: string;
  readonly settings: Settings;
}

/** A pipelines file with all its steps, however deep they lie in `parallel` groups and stages. */
export interface Definition {
  readonly text: string;
  readonly content: Settings;
  readonly steps: readonly Step[];
}

/** Reads a file's text. Throws `Misuse` for what isn't YAML, holds a key twice, or has no step. */
export function readDefinition(text: string): Definition {
  const content = settingsOf(readYaml(text, 'bitbucket-pipelines.yml'));
  const groups = Object.entries(settingsOf(content['pipelines']));
  const steps = groups.flatMap(([group, pipelines]) =>
    group === 'default'
      ? findSteps(pipelines, group)
      : Object.entries(settingsOf(pipelines)).flatMap(([name, items]) =>
          findSteps(items, `${group}/${name}`),
        ),
  );
  if (steps.length === 0) throw new Misuse('bitbucket-pipelines.yml has no steps.', 'Is it the right file?');
  return { text, content, steps };
}

function findSteps(node: unknown, pipeline: string): readonly Step[] {
  if (Array.isArray(node)) return node.flatMap((item) => findSteps(item, pipeline));
  return Object.entries(settingsOf(node)).flatMap(([key, value]) => {
    if (key !== 'step') return findSteps(value, pipeline);
    const settings = settingsOf(value);
    return [{ pipeline, name: textOf(settings['name']) ?? '(no name)', settings }];
  });
}

/** A mapping; empty for anything else. */
export const settingsOf = (value: unknown): Settings =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : {};

export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

export const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** Lines that a step runs, its `after-script` last. A line that isn't text is given as JSON. */
export const linesOf = ({ settings }: Step): readonly string[] =>
  [...listOf(settings['script']), ...listOf(settings['after-script'])].map(
    (line) => textOf(line) ?? JSON.stringify(line),
  );

/** Variables that a person or a schedule fills in, by pipeline. */
export const variablesOf = ({ content }: Definition): readonly { pipeline: string; variable: Settings }[] =>
  Object.entries(settingsOf(settingsOf(content['pipelines'])['custom'])).flatMap(([name, items]) =>
    listOf(items)
      .flatMap((item) => listOf(settingsOf(item)['variables']))
      .map((variable) => ({ pipeline: `custom/${name}`, variable: settingsOf(variable) })),
  );
