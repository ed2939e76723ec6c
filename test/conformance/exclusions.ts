import type { Json } from './cases.ts'

/**
 * Tests of Ranger that are not ours, and why. The runner asserts that each of them fails: what passes has to leave the list.
 */
interface Exclusion {
  readonly file: RegExp
  readonly test: (test: Json) => boolean
  readonly reason: string
}

export const exclusions: readonly Exclusion[] = []

export const exclusionOf = (file: string, test: Json): Exclusion | null =>
  exclusions.find(one => one.file.test(file) && one.test(test)) ?? null
