import fc from 'fast-check'
import { expect, test } from 'vitest'
import { requireEnd, skipSpace, skipValue, Unreadable } from '../../src/pipeline/decode/scanner.ts'
import { parseTree } from '../../src/pipeline/decode/tree.ts'
import { printJson, readJson } from '../support/naive-json.ts'
import { createRandom } from '../support/random.ts'
import { mutate, randomDraft, write } from '../support/random-json.ts'
import { runs } from './runs.ts'

/** What the platform's parser says, which takes text only: bytes that are not UTF-8 are nothing to it. */
function platformAccepts(bytes: Buffer): boolean {
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
    return true
  } catch {
    return false
  }
}

function scannerAccepts(bytes: Buffer): boolean {
  try {
    requireEnd(bytes, skipValue(bytes, skipSpace(bytes, 0), bytes.length, 0), bytes.length)
    return true
  } catch (error) {
    if (error instanceof Unreadable) return false
    throw error
  }
}

function treeAccepts(bytes: Buffer): string {
  try {
    parseTree(bytes, 0, bytes.length)
    return 'yes'
  } catch (error) {
    if (error instanceof Unreadable) return error.code
    throw error
  }
}

const seeds = fc.nat({ max: 2 ** 31 - 1 })

test('the scanner and the test’s own reader accept what JSON.parse accepts, depth aside', () => {
  fc.assert(
    fc.property(seeds, seed => {
      const random = createRandom(seed)
      let bytes = Buffer.from(write(randomDraft(random), { space: 0.2, escape: 0.2, shuffle: 0 }, random))
      for (let round = 0; round < 12; round++) {
        const { root, faults } = readJson(bytes)
        const isDeep = faults.includes('RECORD_TOO_DEEP')
        const accepted = platformAccepts(bytes) && !isDeep
        expect(faults.length === 0, `reader on ${bytes.toString('base64')}`).toBe(accepted)
        expect(scannerAccepts(bytes), `scanner on ${bytes.toString('base64')}`).toBe(accepted)
        if (accepted && root !== null) expect(printJson(root)).toBe(bytes.toString('utf8'))
        const tree = treeAccepts(bytes)
        if (tree !== 'RECORD_REPEATED_MEMBER' && !isDeep)
          expect(tree === 'yes', `tree on ${bytes.toString('base64')}`).toBe(accepted)
        bytes = Buffer.from(mutate(bytes, random))
      }
    }),
    { numRuns: runs(3_000), endOnFailure: true },
  )
})

test('what stands behind a document is never read as part of it', () => {
  fc.assert(
    fc.property(seeds, seed => {
      const random = createRandom(seed)
      const whole = Buffer.from(write(randomDraft(random), { space: 0.3, escape: 0, shuffle: 0 }, random))
      const end = random.below(whole.length + 1)
      const own = Buffer.from(whole.subarray(0, end))
      let accepted: boolean
      try {
        requireEnd(whole, skipValue(whole, skipSpace(whole, 0), end, 0), end)
        accepted = true
      } catch (error) {
        if (!(error instanceof Unreadable)) throw error
        accepted = false
      }
      // A number may be cut so that its beginning is a number too; the scanner then refuses where alone it would not.
      if (accepted) expect(platformAccepts(own)).toBe(true)
      else if (platformAccepts(own)) expect(own.toString('latin1')).toMatch(/[0-9]\s*$/)
    }),
    { numRuns: runs(3_000), endOnFailure: true },
  )
})
