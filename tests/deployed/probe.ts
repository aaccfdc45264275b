import { describe, test } from '@jest/globals';
import { chromium, describeWith, type Requirement } from '../support/requirements.ts';
import type { Patience } from '../support/eventually.ts';
import { isLocal, type Deployment } from './deployment.ts';

/** Rejects with what is wrong. Those that wait take how long; by default as long as the kind of deployment deserves. */
export type Check = (deployment: Deployment, patience?: Patience) => Promise<void>;

export interface ProbeGroup {
  readonly name: string;
  readonly needs?: readonly Need[];
  /** A scenario with its outcome → its check. */
  readonly probes: Readonly<Record<string, Check>>;
}

export type Need = 'AWS' | 'TLS' | 'the network of the tasks' | 'a browser';

/** What is known of a deployment before it is asked anything. */
export interface Kind {
  readonly isLocal: boolean;
  readonly hasTls: boolean;
}

const probeTimeoutMs = 1_000_000;

/** One scenario for each probe. Groups that this kind of deployment can't show are skipped by name. */
export function describeProbes(
  groups: readonly ProbeGroup[],
  kind: Kind,
  deployment: () => Deployment,
): void {
  describe('probes', () => {
    for (const { name, needs = [], probes } of groups) {
      describeWith(
        needs.map((need) => requirementOf(need, kind)),
        name,
        () => {
          for (const [scenario, check] of Object.entries(probes)) {
            test(scenario, () => check(deployment()), probeTimeoutMs);
          }
        },
      );
    }
  });
}

function requirementOf(need: Need, { isLocal: local, hasTls }: Kind): Requirement {
  if (need === 'a browser') return chromium;
  const missing = {
    AWS: local ? 'only AWS enforces it' : undefined,
    TLS: hasTls ? undefined : 'the environment has no domain, so it speaks plain HTTP',
    'the network of the tasks': local ? undefined : 'the tasks are reached from inside their network only',
  }[need];
  return { name: need, missing: () => missing };
}

/** How long a deployment may take to get there: on AWS tasks start in minutes. */
export const patienceWith = (deployment: Deployment, local: number, aws: number): Patience =>
  isLocal(deployment) ? { deadlineMs: local, everyMs: 500 } : { deadlineMs: aws, everyMs: 5_000 };
