import { type CaseFile, type Json, list, object } from './cases.ts'

/**
 * Tests of Ranger that are not ours, and why. The runner asserts that each of them fails: what passes has to leave the
 * list. They are told by what they need, so that further files of the suite need no further entries.
 */
interface Exclusion {
  readonly applies: (file: CaseFile, test: Json) => boolean
  readonly reason: string
}

const policyOfResult = (file: CaseFile, test: Json): Json => {
  const { policyId } = object(test.result)
  return object(list(object(file.json).policies).find(policy => object(policy).id === policyId))
}

export const exclusions: readonly Exclusion[] = [
  {
    reason: 'the location of an address comes from an enricher of Java with a data file that is no part of the suite',
    applies: (file, test) =>
      object(test.result).isAllowed === true && JSON.stringify(policyOfResult(file, test)).includes("'LOCATION_"),
  },
  {
    reason: 'it asks for the list of all who may, not for a decision',
    applies: (_, test) => 'resourceAccessInfo' in test && !('result' in test),
  },
]

export const exclusionOf = (file: CaseFile, test: Json): Exclusion | null =>
  exclusions.find(one => one.applies(file, test)) ?? null
