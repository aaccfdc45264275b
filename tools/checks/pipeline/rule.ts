import type { Definition } from '../../lib/pipeline-definition.ts';

/** What a rule may look at besides the file. */
export interface Surroundings {
  /** Targets of the Makefile. */
  readonly targets: ReadonlySet<string>;
  /** Whether the repository has this file. */
  readonly hasFile: (path: string) => boolean;
}

export interface Rule {
  readonly id: string;
  /** Places that break the rule, one line each; the line says what is wrong there. */
  readonly find: (definition: Definition, surroundings: Surroundings) => readonly string[];
}
