import type { ScannedImage } from '../../lib/registry.ts';

/** How bad a scanner says it is; `unrated` where it doesn't say. */
export const severities = ['critical', 'high', 'medium', 'low', 'unrated'] as const;
export type Severity = (typeof severities)[number];

/** One thing that a gate found. */
export interface Finding {
  readonly rule: string;
  readonly severity: Severity;
  /** What it is about: a resource's address, a package, an image, else the file. */
  readonly resource: string;
  /** Path in the repository, or `plan:<environment>`. */
  readonly file: string;
  readonly line?: number;
  readonly message: string;
}

/** What a gate has looked at, and found. */
export interface Outcome {
  readonly scope: string;
  readonly findings: readonly Finding[];
}

/** One check with one verdict. */
export interface Gate {
  readonly id: string;
  /** What it keeps out, in a few words. */
  readonly title: string;
  /** What takes time to make, and is made only for gates that look at it. */
  readonly needs?: readonly ('plans' | 'image')[];
  readonly run: (target: Target) => Promise<Outcome>;
}

/** What is looked at: the project, or a copy of it. */
export interface Target {
  readonly root: string;
  /** Plans in JSON by environment, or why there are none. */
  readonly plans: ReadonlyMap<string, string> | { readonly missing: string };
  /** Directories in which `terraform init` has installed modules. */
  readonly initialised: readonly string[];
  /** The image, or why there is none. */
  readonly image: ScannedImage | { readonly missing: string };
}

/** A gate that can't do its job rejects with this; anything else that it throws counts the same. */
export class NotChecked extends Error {}

export const checked = (scope: string, findings: readonly Finding[]): Outcome => ({ scope, findings });
