/** A text of so many bytes at most, with its quotes. */
const LONGEST_TIME = 42

const time =
  /^"\d{4}-[01]\d-[0-3]\d(?:[T ][0-2]\d:[0-5]\d(?::[0-6]\d(?:\.\d{1,9})?)?(?: ?(?:Z|[+-]\d\d(?::?\d\d)?))?)?"$/

/**
 * Is this text an ISO 8601 date, with or without its time? Spelled out rather than by its characters: telephone and
 * account numbers have dashes and blanks too.
 */
export const isTime = (b: Buffer, start: number, end: number): boolean =>
  end - start <= LONGEST_TIME && time.test(b.toString('latin1', start, end))
