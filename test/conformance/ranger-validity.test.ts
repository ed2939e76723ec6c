import { describe, expect, test } from 'vitest'
import { checkSchedule } from '../../src/policy/ranger/check-validity.ts'
import { readDate } from '../../src/policy/ranger/dates.ts'
import { membersOf } from '../../src/policy/ranger/members.ts'
import { scheduleOf } from '../../src/policy/ranger/read-policy.ts'
import { compileValidity } from '../../src/policy/ranger/validity.ts'
import { absence, hasCases, list, object, text, total, validityFiles } from './cases.ts'
import { suiteZone } from './ranger-engine-file.ts'

const files = validityFiles.map(file => ({ name: file.name, cases: list(file.json).map(object) }))

describe.skipIf(!hasCases)(hasCases ? 'validity schedules' : absence, () => {
  for (const { name, cases } of files) {
    test.each(cases.map((one, at) => [name, text(one.name) ?? '', at, one] as const))(
      '%s: %s (%i)',
      (_f, _n, _at, one) => {
        const schedules = list(one.validitySchedules).map(entry => {
          const members = membersOf(entry, { problems: [], policy: '' })
          if (members === null) throw new Error('not a schedule')
          return scheduleOf(members)
        })
        const isValid = schedules.every(schedule => checkSchedule(schedule).length === 0)
        const accessTime = readDate(one.accessTime)
        const isApplicable =
          isValid && accessTime !== null && compileValidity(schedules, suiteZone).isActive(accessTime)
        const { isValid: valid, isApplicable: applicable } = object(one.result)
        expect({ isValid, isApplicable }).toEqual({ isValid: valid, isApplicable: applicable })
      },
    )
  }

  test.runIf(total('validityCases') !== null)('as many as there are to be', () => {
    expect(files.flatMap(({ cases }) => cases).length).toBe(total('validityCases'))
  })
})
