/**
 * The literals that Debezium writes in place of an unchanged TOAST value. Only the exact bytes count: anything that
 * merely resembles one is data, and is masked.
 */
export interface ToastMarkers {
  /** 1 for each length below 256 that a marker may have: the quick test. Longer values are always looked at. */
  readonly lengths: Uint8Array
  readonly literals: readonly Buffer[]
  readonly isMarker: (b: Buffer, start: number, end: number) => boolean
}

/** `placeholder` is the source's `unavailable.value.placeholder`. */
export function createToastMarkers(placeholder: string): ToastMarkers {
  const text = JSON.stringify(placeholder)
  const base64 = JSON.stringify(Buffer.from(placeholder).toString('base64'))
  const literals = [
    text,
    base64,
    JSON.stringify(Buffer.from(placeholder).toString('hex')),
    `[${text}]`,
    `[${base64}]`,
    // int4[], int8[], date[]: the codes of its bytes
    `[${[...Buffer.from(placeholder)].join(',')}]`,
    // hstore, as JSON text and as a map
    JSON.stringify(`{${text}:${text}}`),
    `{${text}:${text}}`,
    // uuid[]: the name-based UUID of the default placeholder
    ...(placeholder === DEFAULT_PLACEHOLDER ? ['["b68a35a7-17ad-35b3-af2a-ae46edb4545a"]'] : []),
  ].map(literal => Buffer.from(literal))
  const byLength = new Map(literals.map(literal => [literal.length, literals.filter(l => l.length === literal.length)]))
  const lengths = new Uint8Array(256)
  for (const length of byLength.keys()) if (length < 256) lengths[length] = 1

  return {
    lengths,
    literals,
    isMarker: (b, start, end) =>
      (byLength.get(end - start) ?? []).some(literal => b.compare(literal, 0, literal.length, start, end) === 0),
  }
}

export const DEFAULT_PLACEHOLDER = '__debezium_unavailable_value'
