/** What can go wrong in the domain. Only `http/errors.ts` knows which status code each one becomes. */
export abstract class MovieError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

export class NotFound extends MovieError {}

/** The movie exists already, or so many writers edit it at once that this one never got its turn. */
export class Conflict extends MovieError {}

/** Another revision is stored than the caller expected. */
export class PreconditionFailed extends MovieError {}

/** The movie can't be stored as it is: too large, too deeply nested, a number or text that the database refuses. */
export class InvalidMovie extends MovieError {}

/** JSON that would not be kept as it was sent. */
export class InexactJson extends InvalidMovie {
  /** A JSON pointer (RFC 6901) to the fault; empty where it is the whole text. */
  readonly pointer: string;
  constructor(message: string, pointer: string) {
    super(message);
    this.pointer = pointer;
  }
}

/** Not a cursor of ours, or not one of this query. */
export class InvalidCursor extends MovieError {}

/** The database asks for less; worth trying again after a while. */
export class Throttled extends MovieError {}

/** The database does not answer, or not sensibly. */
export class Unavailable extends MovieError {}

/** The database did not answer in time. */
export class TimedOut extends MovieError {}
