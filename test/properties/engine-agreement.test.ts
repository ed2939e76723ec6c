import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareCase, type Tally } from '../support/agreement.ts'
import { runs } from './runs.ts'

test('the engine and the naive one agree on random records under random policies', () => {
  const tally: Tally = { pairs: 0, publish: 0, drop: 0, reject: 0 }
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 31 - 1 }), seed => {
      expect(compareCase(seed, 40, tally)).toBeNull()
    }),
    { numRuns: runs(250), endOnFailure: true },
  )
  // All three outcomes were seen, or the cases are not what they should be.
  expect(Math.min(tally.publish, tally.drop, tally.reject)).toBeGreaterThan(tally.pairs / 50)
})
