/** A selector that is refused: what about it, in constant words, and where, counted from 1. */
export class Unfit extends Error {
  readonly what: string
  readonly position: number | null

  constructor(what: string, position: number | null = null) {
    super(what)
    this.what = what
    this.position = position
  }

  get told(): string {
    return this.position === null ? this.what : `${this.what}, at position ${this.position}`
  }
}

export function unfit(what: string, position: number | null = null): never {
  throw new Unfit(what, position)
}
