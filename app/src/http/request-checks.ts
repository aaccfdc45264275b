import type { ErrorObject, ValidateFunction } from 'ajv';
import * as bodyChecks from './body-checks.gen.ts';
import * as bodyFaults from './body-faults.gen.ts';
import * as parameterChecks from './parameter-checks.gen.ts';
import { HttpProblem, type Fault } from './problem.ts';

/** Parameters as text; `check` converts them to the contract's types, in place, and adds defaults. */
export interface Parameters {
  readonly path: Record<string, unknown>;
  readonly query: Record<string, unknown>;
  readonly header: Readonly<Record<string, unknown>>;
}

type Checks = Readonly<Record<string, ValidateFunction | undefined>>;
// Made by tools/contract, which knows the operations; their types get lost in the generator.
const parametersOf = parameterChecks as unknown as Checks;
const bodiesOf = bodyChecks as unknown as Checks;
const allFaultsOf = bodyFaults as unknown as Checks;

/** No more faults than a person reads. */
const maxFaults = 20;
/** Of a larger body the first fault is enough: nobody else should wait while 50,000 are listed. */
const maxBytesOfAllFaults = 8_192;

/** Throws a 400 with every fault of the parameters. */
export function checkParameters(operation: string, parameters: Parameters): void {
  const check = parametersOf[operation];
  if (check?.(parameters) === false) throw toProblem(check.errors);
}

/** Throws a 400 with every fault of the body, or with the first one when it is large. */
export function checkBody(operation: string, body: unknown, bytes: number): void {
  const check = bodiesOf[operation];
  // Without a body there is no property, rather than one that is undefined.
  const request = body === undefined ? {} : { body };
  if (check?.(request) !== false) return;
  const detailed = bytes <= maxBytesOfAllFaults ? allFaultsOf[operation] : undefined;
  detailed?.(request);
  throw toProblem(detailed?.errors ?? check.errors);
}

function toProblem(errors: readonly ErrorObject[] | null | undefined): HttpProblem {
  const faults = (errors ?? []).slice(0, maxFaults).map(toFault);
  const [first] = faults;
  const where = first === undefined ? 'The request' : [first.in, first.field].filter(Boolean).join(' ');
  return new HttpProblem(400, `${where}: ${first?.message ?? 'does not match the contract'}.`, { faults });
}

const places: Readonly<Record<string, Fault['in']>> = {
  path: 'path',
  query: 'query',
  header: 'header',
  body: 'body',
};

/** A JSON pointer such as `/query/limit` as a place and a field; within a body the rest stays a pointer. */
function toFault({ instancePath, keyword, params, message = 'is not valid' }: ErrorObject): Fault {
  const { missingProperty, additionalProperty, allowedValues } = params as Readonly<Record<string, unknown>>;
  const property = missingProperty ?? additionalProperty;
  const pointer = typeof property === 'string' ? `${instancePath}/${property}` : instancePath;
  const [, place = '', ...rest] = pointer.split('/');
  const where = places[place] ?? 'body';
  const field = where === 'body' ? `/${rest.join('/')}` : rest.join('/');
  if (where === 'query' && keyword === 'additionalProperties') {
    return { in: where, field, message: 'is an unknown query parameter' };
  }
  const choices = keyword === 'enum' && Array.isArray(allowedValues) ? `: ${allowedValues.join(', ')}` : '';
  return { in: where, ...(rest.length === 0 ? {} : { field }), message: `${message}${choices}` };
}
