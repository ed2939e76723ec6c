/** Why a text is no expression of ours. `what` never quotes a literal or a value. */
export interface ExpressionFault {
  /** A zero-based index into the text. */
  readonly at: number
  /** A sentence. */
  readonly what: string
}

/** Thrown while reading, and caught at the entrances of `parse.ts` only. */
export class Fault extends Error {
  readonly fault: ExpressionFault

  constructor(at: number, what: string) {
    super(what)
    this.fault = { at, what }
  }
}

export const refuse = (at: number, what: string): never => {
  throw new Fault(at, what)
}
