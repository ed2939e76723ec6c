import type { Placeholder, PlaceholderValue } from '../../pipeline/expression/expression.ts'
import { refuse } from './expression-fault.ts'

/** The placeholder that begins here, as written: `${{USER.dept}}`, `{USER}`, `{OWNER}`; null where none does. */
export function placeholderAt(text: string, at: number): string | null {
  if (text.startsWith('${{', at)) {
    const end = text.indexOf('}}', at + 3)
    return end < 0 ? refuse(at, 'the placeholder is not closed') : text.slice(at, end + 2)
  }
  return ['{USER}', '{OWNER}'].find(token => text.startsWith(token, at)) ?? null
}

/** The values of a text's placeholders, handed out in the order in which they stand. */
export class PlaceholderValues {
  private readonly values: readonly PlaceholderValue[]
  private next = 0

  constructor(values: readonly PlaceholderValue[]) {
    this.values = values
  }

  take(at: number, written: string): Placeholder {
    const value = this.values[this.next++]
    return value === undefined ? refuse(at, 'nothing is known that this placeholder stands for') : { written, value }
  }

  /** One within quotes: a list would have no spelling there. */
  takeText(at: number, written: string): Placeholder {
    const placeholder = this.take(at, written)
    return typeof placeholder.value === 'string'
      ? placeholder
      : refuse(at, 'a list of values cannot stand within quotes')
  }

  end(at: number): void {
    if (this.next < this.values.length) refuse(at, 'more values are given than there are placeholders')
  }
}
