/**
 * Compares two JSON numbers by what they say, not by the doubles they would be read as: an identity number has more
 * digits than those keep. Negative: `a` is less.
 */
export function compareNumbers(a: string, b: string): number {
  const [x, y] = [Number(a), Number(b)]
  // Reading is monotonic, so doubles that differ have the order of the numbers.
  if (x !== y) return x < y ? -1 : 1
  if (a === b || (isKept(a) && isKept(b))) return 0
  return compareDigits(digitsOf(a), digitsOf(b))
}

const isKept = (text: string): boolean => text.length <= 15 && !/[eE]/.test(text)

interface Digits {
  readonly sign: -1 | 0 | 1
  /** Without zeros at either end. */
  readonly digits: string
  /** The number is 0.digits times ten to this. */
  readonly exponent: number
}

function digitsOf(text: string): Digits {
  const [, minus = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? []
  const all = whole + fraction
  const leading = /^0*/.exec(all)?.[0].length ?? 0
  const digits = all.slice(leading).replace(/0+$/, '')
  if (digits === '') return { sign: 0, digits, exponent: 0 }
  return { sign: minus === '' ? 1 : -1, digits, exponent: Number(exponent) + whole.length - leading }
}

function compareDigits(a: Digits, b: Digits): number {
  if (a.sign !== b.sign) return a.sign - b.sign
  if (a.exponent !== b.exponent) return a.exponent < b.exponent ? -a.sign : a.sign
  if (a.digits === b.digits) return 0
  return a.digits < b.digits ? -a.sign : a.sign
}
