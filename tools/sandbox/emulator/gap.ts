import type { Answer, Call } from './call.ts';

/** Passes a call, changed or not, on to moto. */
export type Forward = (call: Call) => Promise<Answer>;

/** What moto lacks and the front adds, together with why. */
export interface Gap {
  /** What moto does not do, and what that would break. */
  readonly reason: string;
  /** By `service.Action`, where service is the signing name: `logs.PutQueryDefinition`. */
  readonly answers: Readonly<Record<string, (call: Call, forward: Forward) => Answer | Promise<Answer>>>;
}
