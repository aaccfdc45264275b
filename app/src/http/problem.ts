import { STATUS_CODES } from 'node:http';
import type { components } from './contract.gen.ts';

/** RFC 9457, as the contract states it. */
export type Problem = components['schemas']['Problem'];
/** Where a request is wrong, and how. */
export type Fault = NonNullable<Problem['errors']>[number];

export interface ProblemOptions extends ErrorOptions {
  readonly faults?: readonly Fault[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer other than success that the HTTP layer itself decides. */
export class HttpProblem extends Error {
  readonly status: number;
  readonly faults: readonly Fault[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    detail: string,
    { faults = [], headers = {}, ...options }: ProblemOptions = {},
  ) {
    super(detail, options);
    this.name = 'HttpProblem';
    this.status = status;
    this.faults = faults;
    this.headers = headers;
  }
}

export const badRequest = (fault: Fault): HttpProblem =>
  new HttpProblem(400, `${fault.field ?? `The ${fault.in}`} ${fault.message}.`, { faults: [fault] });

export const notAllowed = (method: string, allowed: string): HttpProblem =>
  new HttpProblem(405, `${method} is not possible here, only ${allowed}.`, { headers: { Allow: allowed } });

export const statusName = (status: number): string => STATUS_CODES[status] ?? 'Error';
