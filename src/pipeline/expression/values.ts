/** An exact decimal number: `unscaled` divided by ten to the power of `scale`, which is never negative. */
export interface Decimal {
  readonly unscaled: bigint
  readonly scale: number
}

/** A whole number: a `number` where that is exact (up to 2^53 - 1 either way), else a `bigint`. Never the other way round. */
export type Whole = number | bigint

/**
 * A value while an expression runs. Which it is follows from the static type, so nothing is tagged:
 * boolean - integer as Whole - decimal as Decimal - double as number - text and json as string - bytes as Buffer -
 * date as number of days - time as number of microseconds - timestamp and timestamptz as Whole microseconds since 1970.
 * null is SQL's NULL.
 */
export type Value = null | boolean | number | bigint | string | Decimal | Buffer

/** The one spelling of a whole number. */
export const whole = (value: bigint): Whole => (value >= MIN_SAFE && value <= MAX_SAFE ? Number(value) : value)

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER)
const MIN_SAFE = -MAX_SAFE
