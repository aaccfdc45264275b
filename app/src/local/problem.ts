/** Something that a person can put right: what happened, and what to do about it. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly remedy: string;

  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.remedy = remedy;
  }
}
