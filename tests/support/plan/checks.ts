import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import ts from 'typescript';
import { type Environment, environments } from '../../../tools/checks/plans/inputs.ts';
import { denormalise, type Recording } from '../../../tools/checks/plans/recording.ts';
import { compare } from '../../../tools/lib/terraform/matchers.ts';
import {
  type Json,
  type ModuleConfiguration,
  type PlanJson,
  show,
  type Value,
} from '../../../tools/lib/terraform/plan-json.ts';
import { Plan, type View } from '../../../tools/lib/terraform/plan.ts';

/** JSON that a mistake may change. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Draft = any;

/** A realistic mistake, applied to a copy of the plan. */
export interface Mistake {
  /** Changes what is planned of the first resource whose address contains `address`. */
  readonly planned: (address: string, change: (after: Draft) => unknown) => unknown;
  /** Changes which argument of that resource refers to what, in the module that holds it. */
  readonly configured: (address: string, change: (expressions: Draft) => unknown) => unknown;
  readonly output: (name: string, change: (after: Draft) => unknown) => unknown;
  /** Leaves out every resource whose address contains `address`. */
  readonly remove: (address: string) => unknown;
  /** Leaves out every resource and data source of a type, those that were read already included. */
  readonly removeAll: (type: string) => unknown;
  /** Plans one more resource. */
  readonly add: (type: string, after: Json) => unknown;
  readonly act: (address: string, actions: readonly ('create' | 'delete')[]) => unknown;
}

export interface Check {
  readonly holds: (plan: Plan, environment: Environment) => void;
  /** What a colleague might do by mistake, by name: the check must then fail. Another value needs no name: each is tried. */
  readonly mistakes?: Readonly<Record<string, (mistake: Mistake) => unknown>>;
  /** Where the check applies; everywhere by default. */
  readonly only?: readonly Environment[];
}

function recordedPlan(environment: Environment): PlanJson {
  const text = readFileSync(`tests/checks/plan/recorded/${environment}.json`, 'utf8');
  return denormalise((JSON.parse(text) as Recording).plan);
}

function createMistake(json: Draft): Mistake {
  const find = (address: string): Draft => {
    const found = json.resource_changes.find((resource: Draft) => resource.address.includes(address));
    if (found === undefined) throw new Error(`The mistake is about ${address}, which is not planned`);
    return found;
  };
  const configuredIn = (module: ModuleConfiguration, address: string): Draft =>
    module.resources?.find((resource) => resource.address === address) ??
    Object.values(module.module_calls ?? {})
      .map((call): Draft => configuredIn(call.module, address))
      .find((resource) => resource !== undefined);
  return {
    planned: (address, change) => {
      const { change: planned } = find(address);
      const before = structuredClone(planned.after);
      change(planned.after);
      // What is set is known.
      for (const key of Object.keys(planned.after_unknown ?? {})) {
        if (!isDeepStrictEqual(before[key], planned.after[key])) delete planned.after_unknown[key];
      }
    },
    configured: (address, change) => {
      change(configuredIn(json.configuration.root_module, address).expressions);
    },
    output: (name, change) => {
      change(json.output_changes[name].after);
    },
    remove: (address) => {
      find(address);
      json.resource_changes = json.resource_changes.filter(
        (resource: Draft) => !resource.address.includes(address),
      );
    },
    removeAll: (type) => {
      const others = ({ type: its }: Draft): boolean => its !== type;
      json.resource_changes = json.resource_changes.filter(others);
      delete json.prior_state;
    },
    add: (type, after) => {
      json.resource_changes.push({
        address: `${type}.mistake`,
        mode: 'managed',
        type,
        name: 'mistake',
        change: { actions: ['create'], after },
      });
    },
    act: (address, actions) => {
      find(address).change.actions = actions;
    },
  };
}

const nothing: PlanJson = { configuration: { root_module: {} } };
const testPath = (): string => expect.getState().testPath ?? '';

/** Runs each check on the plan of each environment, and on a plan with each of its mistakes, where it must fail: on the
 * mistakes that are named, and on every plan in which one value that it looks at is another. No assertion may be left that
 * none of them makes fail.
 */
export function checkPlans(checks: Readonly<Record<string, Check>>): void {
  const plans = new Map(environments.map((environment) => [environment, recordedPlan(environment)]));
  const failedLines = new Set<number>();
  /** Resolves with whether the check fails on the plan, and remembers which of its assertions did. */
  const fails = (holds: () => void): boolean => {
    try {
      holds();
      return false;
    } catch (error) {
      for (const line of linesOf(error, testPath())) failedLines.add(line);
      return true;
    }
  };

  describe.each(Object.entries(checks))('%s', (_name, { holds, mistakes = {}, only = environments }) => {
    test.each(only)('in %s', (environment) => {
      holds(new Plan(plans.get(environment) ?? nothing), environment);
    });

    for (const [mistake, make] of Object.entries(mistakes)) {
      test(`and not when ${mistake}`, () => {
        const [environment = 'dev'] = only;
        const copy = structuredClone(plans.get(environment));
        make(createMistake(copy));

        expect(
          fails(() => {
            holds(new Plan(copy ?? nothing), environment);
          }),
        ).toBe(true);
      });
    }

    test('and not when any one value that it looks at is another', () => {
      const [environment = 'dev'] = only;
      const whole = new Plan(plans.get(environment) ?? nothing);
      const holdsFor = (plan: Plan): void => {
        holds(plan, environment);
      };

      const survived = liesFor(whole, holdsFor).filter(
        ({ view }) =>
          !fails(() => {
            holdsFor(whole.as(view));
          }),
      );

      expect(survived.map(({ name }) => name)).toEqual([]);
    });
  });

  test('each assertion has been seen failing, on a plan with a mistake', () => {
    const unseen = assertionsIn(testPath()).filter(
      ({ first, last }) => ![...failedLines].some((line) => line >= first && line <= last),
    );

    expect(unseen.map(({ first, text }) => `line ${first}: ${text}`)).toEqual([]);
  });
}

/** The lines of one assertion: a statement of a check that can throw. */
export interface Assertion {
  readonly first: number;
  readonly last: number;
  readonly text: string;
}

/** Every assertion in the functions called `holds` of a test file. */
function assertionsIn(path: string): readonly Assertion[] {
  const file = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  const lineOf = (position: number): number => file.getLineAndCharacterOfPosition(position).line + 1;
  const found: Assertion[] = [];
  const visit = (node: ts.Node, isInside: boolean): boolean => {
    const inside =
      isInside || (ts.isPropertyAssignment(node) && ts.isIdentifier(node.name) && node.name.text === 'holds');
    const inner: boolean[] = [];
    ts.forEachChild(node, (child) => {
      inner.push(visit(child, inside));
    });
    const hasInner = inner.includes(true);
    if (!inside || hasInner || !(ts.isExpressionStatement(node) || ts.isThrowStatement(node)))
      return hasInner;
    found.push({ first: lineOf(node.getStart()), last: lineOf(node.getEnd()), text: node.getText() });
    return true;
  };
  visit(file, false);
  return found;
}

/** Where in that file an error comes from: every line of it on the stack. */
export function linesOf(error: unknown, path: string): readonly number[] {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  return stack
    .split('\n')
    .filter((line) => line.includes(path))
    .map((line) => Number(/:(\d+):\d+\)?$/.exec(line)?.[1]));
}

/** One of them is no answer to any assertion that asserts something. */
const others: readonly (Value | undefined)[] = ['another value', null, -1, Number.MAX_SAFE_INTEGER, []];

export interface Lie {
  readonly name: string;
  readonly view: View;
}

/** For every value that a check looks at: the plan in which that one value is another. The check must fail on each. */
function liesFor(plan: Plan, holds: (plan: Plan) => void): readonly Lie[] {
  const lies = new Map<string, Lie>();
  const fits: View['fits'] = ({ address, at, shape }) => {
    const place = { path: [], at: [], sources: () => [] };
    const value = others.find((other) => compare(other, shape, place).length > 0);
    const name = `${address} ${at.join('.')}, now ${show(value)}`;
    lies.set(name, { name, view: { lie: { address, at, value } } });
  };
  holds(plan.as({ fits }));
  return [...lies.values()];
}
