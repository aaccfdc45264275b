import { sourcesOf, sourcesOfCall } from './references.ts';
import { compare, type Leaf, type Mismatch, type Shape } from './matchers.ts';
import {
  overlay,
  type PlanJson,
  priorResources,
  replaceAt,
  type ResourceChange,
  type Value,
} from './plan-json.ts';

/** A resource or data source as the plan leaves it. */
export interface PlannedResource {
  readonly address: string;
  readonly type: string;
  readonly name: string;
  readonly values: Value;
  /** Fails with every mismatch at once. */
  readonly has: (shape: Shape) => void;
}

const describeMismatch = ({ path, expected, actual }: Mismatch): string =>
  `    ${path.join('.') || '(the resource)'}: expected ${expected}, got ${actual}`;

function report(address: string, mismatches: readonly Mismatch[]): string {
  return [`  ${address}`, ...mismatches.map(describeMismatch)].join('\n');
}

function isDeleted({ change }: ResourceChange): boolean {
  return change.actions.includes('delete') || change.actions.includes('forget');
}

/** A plan as a test looks at it: what it looks at is told, and one value of it can be another. */
export interface View {
  readonly fits?: (leaf: Leaf & { readonly address: string }) => void;
  /** Of an attribute that is made from others, the lie is that it isn't, too. */
  readonly lie?: {
    readonly address: string;
    readonly at: readonly (string | number)[];
    readonly value: Value | undefined;
  };
}

/** A resource, data source or output, and its values as planned. */
type Planned = Pick<PlannedResource, 'address' | 'type' | 'name' | 'values'>;

interface Look {
  readonly view?: View;
  readonly planned?: readonly Planned[];
}

function plannedIn(json: PlanJson): readonly Planned[] {
  const planned = (json.resource_changes ?? [])
    .filter(({ change }) => !change.actions.every((action) => action === 'delete' || action === 'forget'))
    .map(({ address, type, name, change }): Planned => ({
      address,
      type,
      name,
      values: overlay(change.after, change.after_unknown),
    }));
  const addresses = new Set(planned.map(({ address }) => address));
  const read = priorResources(json)
    .filter(({ mode, address }) => mode === 'data' && !addresses.has(address))
    .map(({ address, type, name, values }): Planned => ({
      address,
      type,
      name,
      values: overlay(values, undefined),
    }));
  return [...planned, ...read];
}

/** What Terraform would build, to be asserted on. Read from `resource_changes`, since `planned_values` drops what is not known yet. */
export class Plan {
  readonly #json: PlanJson;
  readonly #view: View;
  readonly #planned: readonly Planned[];
  readonly #resources: readonly PlannedResource[];

  constructor(json: PlanJson, { view = {}, planned = plannedIn(json) }: Look = {}) {
    this.#json = json;
    this.#view = view;
    this.#planned = planned;
    this.#resources = planned.map((one) => this.#resource(one));
  }

  /** The same plan, looked at otherwise. */
  as(view: View): Plan {
    return new Plan(this.#json, { view, planned: this.#planned });
  }

  #resource({ address, type, name, values: planned }: Planned): PlannedResource {
    const { lie } = this.#view;
    const values = lie?.address === address ? replaceAt(planned, lie.at, lie.value) : planned;
    const mismatches = (shape: Shape): readonly Mismatch[] => this.#compare(address, values, shape);
    return {
      address,
      type,
      name,
      values,
      has: (shape) => {
        const found = mismatches(shape);
        if (found.length > 0) throw new Error(`The plan differs:\n${report(address, found)}`);
      },
    };
  }

  #compare(address: string, values: Value, shape: Shape): readonly Mismatch[] {
    return this.#match(address, values, shape, (path) =>
      sourcesOf(this.#json.configuration.root_module, address, path),
    );
  }

  #match(
    address: string,
    values: Value,
    shape: Shape,
    sources: (path: readonly string[]) => readonly string[],
  ): readonly Mismatch[] {
    const { lie, fits } = this.#view;
    const isCut = (path: readonly string[]): boolean =>
      lie?.address === address && lie.at.filter((step) => typeof step === 'string').join() === path.join();
    return compare(values, shape, {
      path: [],
      at: [],
      sources: (path) => (isCut(path) ? [] : sources(path)),
      fits:
        fits === undefined
          ? undefined
          : (leaf) => {
              fits({ address, ...leaf });
            },
    });
  }

  /** All of a type; data sources included, since a type is one or the other by its address. */
  all(type: string): readonly PlannedResource[] {
    return this.#resources.filter((resource) => resource.type === type);
  }

  /** Everything of the plan; data sources and what they read included. */
  get resources(): readonly PlannedResource[] {
    return this.#resources;
  }

  get addresses(): readonly string[] {
    return this.#resources.map(({ address }) => address);
  }

  /**
   * The one resource of that type with that name, or whose address ends with `.name` (`module.table.main`).
   * Fails when there is none, or more than one.
   */
  resource(type: string, name: string): PlannedResource {
    const ofType = this.all(type);
    const found = ofType.filter((resource) => resource.name === name || resource.address.includes(name));
    const exact = found.filter((resource) => resource.name === name);
    const [only, ...more] = found.length > 1 && exact.length > 0 ? exact : found;
    if (only === undefined) {
      const there = ofType.map(({ address }) => address).join(', ') || 'none of that type';
      throw new Error(`The plan has no ${type} "${name}"; it has: ${there}`);
    }
    if (more.length > 0) {
      throw new Error(
        `The plan has several ${type} "${name}": ${[only, ...more].map(({ address }) => address).join(', ')}`,
      );
    }
    return only;
  }

  /** The call of a module, `module.service`: only `from(…)` matches its arguments, whose values plan JSON doesn't tell. */
  call(address: string): Pick<PlannedResource, 'has'> {
    return {
      has: (shape) => {
        const root = this.#json.configuration.root_module;
        const found = this.#match(address, {}, shape, (path) => sourcesOfCall(root, address, path));
        if (found.length > 0) throw new Error(`The plan differs:\n${report(address, found)}`);
      },
    };
  }

  /** A root output, as far as it is known before apply. */
  output(name: string): PlannedResource {
    const change = this.#json.output_changes?.[name];
    if (change === undefined) {
      const there = Object.keys(this.#json.output_changes ?? {}).join(', ') || 'none';
      throw new Error(`The plan has no output "${name}"; it has: ${there}`);
    }
    return this.#resource({
      address: `output.${name}`,
      type: 'output',
      name,
      values: overlay(change.after, change.after_unknown),
    });
  }

  /** Each resource of the type has the shape, and there is at least one. */
  every(type: string, shape: Shape): void {
    const all = this.all(type);
    if (all.length === 0) throw new Error(`Every ${type} should have that shape, but the plan has none`);
    const wrong = all
      .map(({ address, values }) => ({ address, mismatches: this.#compare(address, values, shape) }))
      .filter(({ mismatches }) => mismatches.length > 0);
    if (wrong.length > 0) {
      throw new Error(
        `${wrong.length} of ${all.length} ${type} differ:\n${wrong.map(({ address, mismatches }) => report(address, mismatches)).join('\n')}`,
      );
    }
  }

  /** No resource of the type (that has the shape). */
  none(type: string, shape: Shape = {}): void {
    const found = this.all(type).filter(
      ({ address, values }) => this.#compare(address, values, shape).length === 0,
    );
    if (found.length > 0)
      throw new Error(
        `The plan should have no such ${type}, but has ${found.map(({ address }) => address).join(', ')}`,
      );
  }

  /** Nothing is deleted, replaced or forgotten. */
  destroysNothing(): void {
    const gone = (this.#json.resource_changes ?? []).filter(isDeleted);
    if (gone.length > 0) {
      throw new Error(
        `The plan destroys:\n${gone.map(({ address, change }) => `  ${address} (${change.actions.join(', ')})`).join('\n')}`,
      );
    }
  }
}
