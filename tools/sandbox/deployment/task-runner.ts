import type { Readable } from 'node:stream';
import type { RunnerKind } from './overrides.ts';
import type { TaskSettings } from './task-container.ts';
import type { TaskDefinition } from './task-definition.ts';

export interface RunningTask {
  /** What it prints, stdout and stderr. */
  readonly output: readonly Readable[];
  /** Resolves with the reason when it ends, whoever ended it. */
  readonly ended: Promise<string>;
  /** SIGTERM, then SIGKILL after the stop timeout of its definition. Resolves when it is gone. */
  readonly stop: () => Promise<void>;
  /** SIGKILL. */
  readonly kill: () => Promise<void>;
  /** Alive, but answers nothing until it is thawed. */
  readonly freeze: () => Promise<void>;
  readonly thaw: () => Promise<void>;
}

/** Runs tasks as their definition says, as far as the machine can. */
export interface TaskRunner {
  readonly kind: RunnerKind;
  /** Rejects when the image by the definition's digest isn't there, as ECS fails to pull it. */
  readonly start: (definition: TaskDefinition, settings: TaskSettings) => Promise<RunningTask>;
  /** Ends what a killed run left behind. */
  readonly cleanUp: () => Promise<void>;
}
