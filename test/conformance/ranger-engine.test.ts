import { basename } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { RangerEngine } from '../../src/policy/ranger/engine.ts'
import { absence, engineFiles, hasCases, type Json, list, manifest, object, total } from './cases.ts'
import { engineTests, requestOf } from './ranger-engine-file.ts'
import { exclusionOf } from './exclusions.ts'

/**
 * Ranger's own tests of its engine, asserted as Ranger asserts them: of an access whether it is allowed and audited, of a
 * mask its type, condition, value and policy, of a filter its text and policy; what is missing is null, and -1 no policy.
 */
const files = engineFiles.map(file => ({ file, tests: engineTests(file) }))

function check(engine: RangerEngine, one: Json): void {
  const request = requestOf(one)
  if ('result' in one) {
    const expected = object(one.result)
    const { isAllowed, isAudited } = engine.evaluate(0, request)
    expect({ isAllowed, isAudited }).toEqual({
      isAllowed: expected.isAllowed === true,
      isAudited: expected.isAudited === true,
    })
  }
  if ('dataMaskResult' in one) {
    const expected = object(one.dataMaskResult)
    const info = object(expected.additionalInfo)
    const { mask, policyId } = engine.evaluate(1, request)
    expect({
      maskType: mask?.maskType ?? null,
      maskCondition: mask?.resolvedCondition ?? null,
      maskedValue: mask?.resolvedValue ?? null,
      policyId,
    }).toEqual({
      maskType: info.maskType ?? null,
      maskCondition: info.maskCondition ?? null,
      maskedValue: info.maskedValue ?? null,
      policyId: expected.policyId ?? -1,
    })
  }
  if ('rowFilterResult' in one) {
    const expected = object(one.rowFilterResult)
    const { filter, policyId } = engine.evaluate(2, request)
    expect({ filterExpr: filter?.resolvedFilter ?? null, policyId }).toEqual({
      filterExpr: object(expected.additionalInfo).filterExpr ?? null,
      policyId: expected.policyId ?? -1,
    })
  }
}

const isAsserted = (one: Json): boolean => ['result', 'dataMaskResult', 'rowFilterResult'].some(name => name in one)

describe.skipIf(!hasCases)(hasCases ? 'engine' : absence, () => {
  for (const { file, tests } of files) {
    describe(file.name, () => {
      test.each(tests.map((one, at) => [one.name, at, one] as const))('%s (%i)', (name, _at, one) => {
        const exclusion = exclusionOf(file, one.test)
        if (exclusion === null) {
          expect(isAsserted(one.test), 'a test without anything to assert').toBe(true)
          check(one.engine(), one.test)
        } else expect(() => failing(one.engine(), one.test), `${name} passes: it is no exclusion`).toThrow()
      })
    })
  }

  describe('our own order', () => {
    const isMasking = (one: Json): boolean => 'dataMaskResult' in one || 'rowFilterResult' in one
    const rows = engineFiles.flatMap(file =>
      engineTests(file, 'scrim')
        .filter(one => isMasking(one.test))
        .map((one, at) => [file.name, one.name, at, one] as const),
    )
    test.each(rows)('decides masks and filters alike: %s: %s (%i)', (_file, _name, _at, one) => {
      check(one.engine(), one.test)
    })
  })

  test.runIf(manifest !== null)('as many as there are to be', () => {
    const all = files.flatMap(({ tests }) => tests.map(one => one.test))
    const count = (name: string): number => all.filter(one => name in one).length
    const access = total('access')
    expect({
      files: files.length,
      access: count('result'),
      mask: count('dataMaskResult'),
      filter: count('rowFilterResult'),
    }).toEqual({
      files: total('engineFiles'),
      // The chain of policy changes has tests that the totals leave out.
      access: access === null ? null : access + chained(),
      mask: total('mask'),
      filter: total('filter'),
    })
  })

  test.runIf(manifest !== null)('every file of the manifest is there', () => {
    const names = list(manifest?.engine).map(entry => basename(String(object(entry).file), '.json'))
    expect(files.map(({ file }) => file.name).sort()).toEqual(names.sort())
  })
})

/** Throws, as a test that is excluded must. */
function failing(engine: RangerEngine, one: Json): void {
  expect(isAsserted(one)).toBe(true)
  check(engine, one)
}

const chained = (): number =>
  files.filter(({ file }) => 'testsInfo' in object(file.json)).reduce((sum, { tests }) => sum + tests.length, 0)
