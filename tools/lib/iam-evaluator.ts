import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Problem } from '../../app/src/commands/problem.ts';

export interface Decision {
  /** `Allowed`, `ImplicitlyDenied`, `ExplicitlyDenied`, or `error` where the request isn't one. */
  readonly decision: string;
  readonly reason?: string;
  /** Keys of the context that the action doesn't have. */
  readonly ignored?: readonly string[];
}
/** What the service authorization reference says of an action; undefined for one that doesn't exist. */
export type Reference = Readonly<
  Record<
    string,
    | {
        readonly conditionKeys: readonly string[];
        readonly resourceTypes: readonly {
          readonly arn: string;
          readonly conditionKeys: readonly string[];
        }[];
      }
    | undefined
  >
>;

const folder = (project: string): string => join(project, '.cache', 'iam-simulate');

/** Whether the evaluator is there: a tool of its own, because of its licence. */
export const isEvaluatorInstalled = (project: string): boolean =>
  existsSync(join(folder(project), 'node_modules', '@cloud-copilot', 'iam-simulate'));

export interface Evaluation {
  readonly decisions: readonly Decision[];
  readonly reference: Reference;
}

/** What tools/install/iam-simulate/evaluate.js reads: a request names its policies among the documents. */
export interface Asked {
  readonly documents: Readonly<Record<string, unknown>>;
  readonly requests: readonly Readonly<Record<string, unknown>>[];
  readonly actions: readonly string[];
}

/** Decides requests in one run of the evaluator. */
export async function askEvaluator(project: string, asked: Asked): Promise<Evaluation> {
  if (!isEvaluatorInstalled(project))
    throw new Problem('The evaluator of IAM policies is not installed.', 'Install it: make tools');
  const child = spawn(process.execPath, ['evaluate.js'], {
    cwd: folder(project),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(JSON.stringify(asked));
  const said = await text(child.stdout);
  if (said === '') throw new Problem('The evaluator decided nothing.', 'It says why above.');
  return JSON.parse(said) as Evaluation;
}
