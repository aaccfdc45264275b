import { describe, test } from '@jest/globals';
import type { Patience } from '../support/eventually.ts';
import { chromium, describeWith, type Requirement } from '../support/requirements.ts';
import { type Deployment, isLocal } from './deployment.ts';

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
  return { name: need, isOfKind: true, missing: () => missing };
}

/** How long a deployment may take to get there: on AWS tasks start in minutes. */
export const patienceWith = (deployment: Deployment, local: number, aws: number): Patience =>
  isLocal(deployment) ? { deadlineMs: local, everyMs: 500 } : { deadlineMs: aws, everyMs: 5_000 };

const timeoutMs = 15_000;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body; undefined where it isn't JSON. */
  readonly json: unknown;
}

export interface Call {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Goes as JSON. */
  readonly body?: unknown;
  /** Asks with a token for these scopes; without one by default. */
  readonly scope?: string;
}

/** What it takes to ask. */
export type Reached = Pick<Deployment, 'url' | 'token'>;

/** Asks a deployment as a client would. Redirects are answers, too. */
export async function ask(deployment: Reached, path: string, call: Call = {}): Promise<Answer> {
  const { method = 'GET', headers = {}, body, scope } = call;
  const response = await fetch(new URL(deployment.url).origin + path, {
    method,
    redirect: 'manual',
    signal: AbortSignal.timeout(timeoutMs),
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(scope === undefined ? {} : { authorization: `Bearer ${await deployment.token(scope)}` }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = (response.headers.get('content-type') ?? '').includes('json');
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: isJson && text !== '' ? JSON.parse(text) : undefined,
  };
}
