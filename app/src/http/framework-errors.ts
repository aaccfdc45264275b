import { error as contractError } from 'express-openapi-validator';
import { HttpProblem, type Fault } from './problem.ts';

/** No more faults than a person reads. */
const maxFaults = 20;

/** What Express, its body parser and the contract's validator throw. Undefined for anything else. */
export function toFrameworkProblem(error: unknown): HttpProblem | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error instanceof contractError.BadRequest) return toContractProblem(error.errors);
  if (error instanceof URIError) {
    return new HttpProblem(400, 'The address is not well-formed.', {
      faults: [{ in: 'path', message: 'is not percent-encoded UTF-8' }],
    });
  }
  if (!('status' in error)) return undefined;
  return toBodyProblem('type' in error ? String(error.type) : '', Number(error.status));
}

/** https://github.com/expressjs/body-parser#errors. Its messages quote the body; these don't. */
function toBodyProblem(type: string, status: number): HttpProblem | undefined {
  const fault = (message: string) => ({ faults: [{ in: 'body' as const, message }] });
  switch (type) {
    case 'entity.too.large':
      return new HttpProblem(413, 'The body is larger than 100 kB.');
    case 'entity.parse.failed':
      return new HttpProblem(400, 'The body is not valid JSON.', fault('is not valid JSON'));
    case 'encoding.unsupported':
      return new HttpProblem(415, 'The Content-Encoding of the body is not supported.');
    case 'charset.unsupported':
      return new HttpProblem(415, 'The body must be in UTF-8.');
    default:
      if (status !== 400) return undefined;
      return new HttpProblem(400, 'The body could not be read.', fault('could not be read'));
  }
}

interface ContractFault {
  readonly path?: string;
  readonly message?: string;
}

function toContractProblem(errors: readonly ContractFault[]): HttpProblem {
  const faults = errors.slice(0, maxFaults).map(toFault);
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
