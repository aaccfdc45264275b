import { isList, isObject, show, unknown, type Value } from './plan-json.ts';

/** What the matchers may ask about the place they are matched at. */
export interface Place {
  /** The attribute's path from the resource, nested blocks without their list index: `['rule', 'action']`. */
  readonly path: readonly string[];
  /** Addresses of the resources and data sources that the attribute is made from, followed across modules. */
  readonly sources: (path: readonly string[]) => readonly string[];
  /** Where exactly it is, list indexes included. */
  readonly at: readonly (string | number)[];
  /** Is told of everything that was compared and fits. */
  readonly fits?: ((leaf: Leaf) => void) | undefined;
}

/** A value that an assertion looked at. */
export interface Leaf {
  readonly at: readonly (string | number)[];
  readonly shape: Shape;
}

export interface Mismatch {
  readonly path: readonly string[];
  readonly expected: string;
  readonly actual: string;
}

const matcher = Symbol('matcher');

export interface Matcher {
  readonly [matcher]: true;
  readonly description: string;
  readonly mismatches: (actual: Value | undefined, place: Place) => readonly Mismatch[];
}

/** Literals match themselves, objects and lists match in part, regular expressions match strings, matchers decide. */
export type Shape =
  | null
  | boolean
  | number
  | string
  | RegExp
  | Matcher
  | readonly Shape[]
  | { readonly [attribute: string]: Shape };

function isMatcher(shape: Shape): shape is Matcher {
  return typeof shape === 'object' && shape !== null && matcher in shape;
}

function describeShape(shape: Shape): string {
  if (isMatcher(shape)) return shape.description;
  if (shape instanceof RegExp) return String(shape);
  if (isList(shape)) return `[${(shape as readonly Shape[]).map(describeShape).join(', ')}]`;
  if (isObject(shape)) {
    return `{${Object.entries(shape as { readonly [key: string]: Shape })
      .map(([key, part]) => `${key}: ${describeShape(part)}`)
      .join(', ')}}`;
  }
  return show(shape);
}

function mismatch(place: Place, expected: string, actual: Value | undefined): readonly Mismatch[] {
  return [{ path: place.path, expected, actual: show(actual) }];
}

function createMatcher(
  description: string,
  matches: (actual: Value | undefined, place: Place) => boolean,
): Matcher {
  return {
    [matcher]: true,
    description,
    mismatches: (actual, place) => (matches(actual, place) ? [] : mismatch(place, description, actual)),
  };
}

/** Everything in which `actual` differs from `shape`; an empty list means that it matches. */
export function compare(actual: Value | undefined, shape: Shape, place: Place): readonly Mismatch[] {
  const mismatches = compareHere(actual, shape, place);
  const isLeaf = isMatcher(shape) || shape instanceof RegExp || typeof shape !== 'object' || shape === null;
  if (isLeaf && mismatches.length === 0) place.fits?.({ at: place.at, shape });
  return mismatches;
}

function compareHere(actual: Value | undefined, shape: Shape, place: Place): readonly Mismatch[] {
  if (isMatcher(shape)) return shape.mismatches(actual, place);
  if (shape instanceof RegExp) {
    return typeof actual === 'string' && shape.test(actual) ? [] : mismatch(place, String(shape), actual);
  }
  if (Array.isArray(shape)) return compareList(actual, shape as readonly Shape[], place);
  if (isObject(shape)) return compareObject(actual, shape as { readonly [key: string]: Shape }, place);
  return actual === shape ? [] : mismatch(place, show(shape), actual);
}

function compareObject(
  actual: Value | undefined,
  shape: { readonly [key: string]: Shape },
  place: Place,
): readonly Mismatch[] {
  // A nested block is a list of one: let an object see through it.
  if (isList(actual) && actual.length === 1) {
    return compareObject(actual[0], shape, { ...place, at: [...place.at, 0] });
  }
  if (!isObject(actual)) return mismatch(place, describeShape(shape), actual);
  return Object.entries(shape).flatMap(([key, part]) =>
    compare(actual[key], part, { ...place, path: [...place.path, key], at: [...place.at, key] }),
  );
}

/** Each expected element has an actual one of its own; order and further elements don't matter. */
function compareList(actual: Value | undefined, shapes: readonly Shape[], place: Place): readonly Mismatch[] {
  if (!isList(actual)) return mismatch(place, describeShape(shapes), actual);
  const free = new Map(actual.entries());
  return shapes.flatMap((shape) => {
    for (const [index, element] of free) {
      const here = { ...place, at: [...place.at, index] };
      if (compare(element, shape, { ...here, fits: undefined }).length === 0) {
        free.delete(index);
        return compare(element, shape, here);
      }
    }
    return (
      nearestOf([...free.values()], shape, place) ??
      mismatch(place, `an element ${describeShape(shape)}`, actual)
    );
  });
}

/** In what the element that is most like the shape differs: of a long list nobody finds it. */
function nearestOf(
  elements: readonly (Value | undefined)[],
  shape: Shape,
  place: Place,
): readonly Mismatch[] | undefined {
  if (!isObject(shape) || isMatcher(shape)) return undefined;
  // What it is called by comes first.
  const [[name, called] = ['', null]] = Object.entries(shape as { readonly [key: string]: Shape });
  const [nearest] = elements
    .filter((element) => compare(element, { [name]: called }, alone(place)).length === 0)
    .map((element) => compare(element, shape, alone(place)))
    .sort((one, other) => one.length - other.length);
  const of = ` (of the one whose ${name} is ${describeShape(called)})`;
  return nearest?.map((found) => ({ ...found, expected: found.expected + of }));
}

/** A matcher is looked at as a whole. */
const alone = (place: Place): Place => ({ ...place, fits: undefined });

/** The attribute is made from that resource or data source: `from('aws_kms_key.main')`, wherever modules pass it through. */
export function from(address: string): Matcher {
  return createMatcher(`a value from ${address}`, (_actual, place) =>
    place.sources(place.path).some((source) => source === address || source.endsWith(`.${address}`)),
  );
}

/** Set, and not to nothing; unknown until apply counts as set. */
export const present: Matcher = createMatcher(
  'any value',
  (actual) => actual !== undefined && actual !== null && !(isList(actual) && actual.length === 0),
);

/** Null, empty or not there at all. */
export const absent: Matcher = createMatcher(
  'no value',
  (actual) =>
    actual === undefined || actual === null || actual === '' || (isList(actual) && actual.length === 0),
);

export const knownAfterApply: Matcher = createMatcher('known after apply', (actual) => actual === unknown);

export function atLeast(least: number): Matcher {
  return createMatcher(`at least ${least}`, (actual) => typeof actual === 'number' && actual >= least);
}

export function not(shape: Shape): Matcher {
  return createMatcher(
    `not ${describeShape(shape)}`,
    (actual, place) => compare(actual, shape, alone(place)).length > 0,
  );
}

export function oneOf(...shapes: readonly Shape[]): Matcher {
  return createMatcher(`one of ${describeShape(shapes)}`, (actual, place) =>
    shapes.some((shape) => compare(actual, shape, alone(place)).length === 0),
  );
}

/** These elements and no others, in any order. */
export function exactly(...shapes: readonly Shape[]): Matcher {
  const description = `exactly ${describeShape(shapes)}`;
  return {
    [matcher]: true,
    description,
    mismatches: (actual, place) => {
      if (!isList(actual)) return mismatch(place, description, actual);
      const found = compareList(actual, shapes, alone(place));
      return found.length > 0 || actual.length === shapes.length
        ? found
        : mismatch(place, description, actual);
    },
  };
}

/** At least one element, and each of them of this shape. */
export function each(shape: Shape): Matcher {
  return createMatcher(
    `each ${describeShape(shape)}`,
    (actual, place) =>
      isList(actual) &&
      actual.length > 0 &&
      actual.every((element) => compare(element, shape, alone(place)).length === 0),
  );
}

/** A string that holds JSON of this shape: policies, container definitions. */
export function json(shape: Shape): Matcher {
  return {
    [matcher]: true,
    description: `JSON ${describeShape(shape)}`,
    mismatches: (actual, place) => {
      if (typeof actual !== 'string' || !/^[[{]/.test(actual))
        return mismatch(place, `JSON ${describeShape(shape)}`, actual);
      // What Terraform planned as JSON is JSON: the other parsing edge of a plan.
      return compare(JSON.parse(actual) as Value, shape, alone(place));
    },
  };
}
