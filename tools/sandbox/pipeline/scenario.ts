import type { StepResult } from './runner.ts';
import type { World } from './world.ts';

/** One thing that the pipeline is shown to do. */
export interface Scenario {
  readonly id: string;
  /** A scenario with its outcome. */
  readonly title: string;
  /** The scenario that has to have run before. */
  readonly after?: string;
  /** Whether its steps are those of one whole pipeline, so that their times are the pipeline's. */
  readonly isWholePipeline?: boolean;
  readonly play: (world: World, choices: PlayChoices) => Promise<Played>;
}

/** One that takes no more of the world than these parts. */
export type ScenarioOn<Part extends keyof World> = Omit<Scenario, 'play'> & {
  readonly play: (world: Pick<World, Part>, choices: PlayChoices) => Promise<Played>;
};

export interface PlayChoices {
  /** Steps that are left out, by name or beginning of it. */
  readonly leftOut: readonly string[];
  readonly say: (line: string) => void;
}

export interface Played {
  readonly steps: readonly StepResult[];
  /** What was seen, a sentence each. */
  readonly facts: readonly string[];
  /** What should have been seen and was not; none when the scenario holds. */
  readonly faults: readonly string[];
}

/** A fault for each claim that does not hold. */
export const unless = (claims: Readonly<Record<string, boolean>>): readonly string[] =>
  Object.entries(claims)
    .filter(([, holds]) => !holds)
    .map(([claim]) => `not so: ${claim}`);

export const leavesOut =
  (names: readonly string[]) =>
  ({ name }: { readonly name: string }): boolean =>
    names.some((left) => name.startsWith(left));

/** By the beginning of its name, since names in the pipeline tell more. */
export const outcomeOf = (steps: readonly StepResult[], name: string): string =>
  steps.find((step) => step.name.startsWith(name))?.outcome ?? 'missing';

export const approve = (): Promise<boolean> => Promise.resolve(true);
