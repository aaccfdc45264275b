import type { RequestHandler } from 'express';
import type { Contract } from './contract.ts';
import { HttpProblem, type Fault } from './problem.ts';

export interface ContractValidator {
  /** Checks and converts a request to a path of the contract, `/movies/{year}/{title}`. Calls back with a problem, or without. */
  readonly check: (path: string, ...request: Parameters<RequestHandler>) => Promise<void>;
}

/** No more faults than a person reads. */
const maxFaults = 20;
/** What a firewall in front lets through. Of a larger body the first fault is told: to find all of them takes too long. */
const thoroughBytes = 8_192;

/** The library, a third of all code. Loaded when it is first asked for. */
export const loadValidator = () => import('./openapi-validator.ts');

/**
 * `express-openapi-validator`, one for each path: for each request it goes through all the routes that it knows
 * (https://github.com/cdimascio/express-openapi-validator/pull/1217). Made when a path is first asked for.
 */
export function createContractValidator(contract: Contract): ContractValidator {
  const rules = rulesOf(contract);
  const validators = new Map<string, Promise<Validator>>();
  const validatorOf = (path: string, allErrors: boolean): Promise<Validator> => {
    const name = `${path} ${String(allErrors)}`;
    const known = validators.get(name) ?? createValidator(contract, path, allErrors);
    validators.set(name, known);
    return known;
  };
  return {
    check: async (path, request, response, next) => {
      const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
      const isSmall = encoding === undefined && Number(length ?? 0) <= thoroughBytes;
      const { steps, isFault } = await validatorOf(path, isSmall);
      const { method } = request;
      // The contract has no HEAD of its own; it is GET without the body.
      if (method === 'HEAD') request.method = 'GET';
      const finish = (error?: unknown) => {
        request.method = method;
        next(isFault(error) ? toProblem(error.errors, rules) : error);
      };
      const run = (index: number) => {
        const step = steps[index];
        if (step === undefined) finish();
        else
          void step(request, response, (error?: unknown) => {
            if (error === undefined) run(index + 1);
            else finish(error);
          });
      };
      run(0);
    },
  };
}

interface Validator {
  readonly steps: readonly RequestHandler[];
  readonly isFault: (error: unknown) => error is { readonly errors: readonly ContractFault[] };
}

async function createValidator(contract: Contract, path: string, allErrors: boolean): Promise<Validator> {
  const { middleware, error: kinds } = await loadValidator();
  // A copy of its own: the validator rewrites what it is given.
  const alone = structuredClone({ ...contract, paths: { [path]: contract.paths[path] } });
  const steps = middleware({
    apiSpec: alone as never,
    // Done when the contract is tested, not each time that the service starts.
    validateApiSpec: false,
    validateRequests: { allErrors },
    validateResponses: false,
    validateSecurity: false,
    fileUploader: false,
  });
  return { steps, isFault: (error) => error instanceof kinds.BadRequest };
}

interface ContractFault {
  readonly path?: string;
  readonly message?: string;
}

/** What a person reads instead of a pattern. */
type Rules = ReadonlyMap<string, string>;

const rulesOf = ({ components: { schemas } }: Contract): Rules =>
  new Map(
    Object.values(schemas).flatMap(({ pattern, description }) =>
      pattern === undefined || description === undefined
        ? []
        : [[`must match pattern "${pattern}"`, `must be: ${description.replaceAll('`', '')}`]],
    ),
  );

function toProblem(errors: readonly ContractFault[], rules: Rules): HttpProblem {
  const faults = errors
    .slice(0, maxFaults)
    .map(toFault)
    .map((fault) => ({ ...fault, message: rules.get(fault.message) ?? fault.message }));
  const [first] = faults;
  const where = first === undefined ? 'The request' : [first.in, first.field].filter(Boolean).join(' ');
  return new HttpProblem(400, `${where}: ${first?.message ?? 'does not match the contract'}.`, { faults });
}

const places: Readonly<Record<string, Fault['in']>> = {
  query: 'query',
  params: 'path',
  headers: 'header',
  body: 'body',
};

/** The validator's `/query/limit` as a place and a field; within a body the rest stays a JSON pointer. */
function toFault({ path = '', message = 'is not valid' }: ContractFault): Fault {
  const [, place = '', ...rest] = path.split('/');
  const where = places[place];
  // A malformed address is the one fault that the validator reports by the address itself.
  if (where === undefined) return { in: 'path', message };
  const field = where === 'body' ? `/${rest.join('/')}` : rest.join('/');
  return { in: where, ...(rest.length === 0 ? {} : { field }), message };
}
