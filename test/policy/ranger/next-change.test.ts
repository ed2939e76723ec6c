import { describe, expect, test } from 'vitest'
import { engine, mask, maskPolicy, policies, request } from './kafka-cdc.ts'

const at = (month: number, day: number, hour = 0, minute = 0): number => Date.UTC(2026, month - 1, day, hour, minute)

const withSchedule = (...validitySchedules: readonly unknown[]) =>
  engine(policies(maskPolicy('a', 'orders', 'email', [mask('MASK')], { validitySchedules })))

const mondays = {
  schedule: { minute: '0', hour: '9', dayOfMonth: '', dayOfWeek: '2', month: '*', year: '2026-2027' },
  interval: { days: 0, hours: 8, minutes: 0 },
}

test('without schedules nothing changes by itself', () => {
  expect(withSchedule().nextChange(at(6, 1))).toBeNull()
})

test('a start, then the instant after the end, then never', () => {
  const { nextChange } = withSchedule({ startTime: '2026/06/10 00:00:00', endTime: '2026/06/20 00:00:00' })
  expect(nextChange(at(6, 1))).toBe(at(6, 10))
  expect(nextChange(at(6, 10))).toBe(at(6, 20) + 1)
  expect(nextChange(at(6, 20))).toBe(at(6, 20) + 1)
  expect(nextChange(at(6, 20) + 1)).toBeNull()
})

test('of several schedules the next of all', () => {
  const { nextChange } = withSchedule({ startTime: '2026/06/10 00:00:00' }, { startTime: '2026/06/05 00:00:00' })
  expect(nextChange(at(6, 1))).toBe(at(6, 5))
})

describe('recurrences', () => {
  const weekly = withSchedule({ recurrences: [mondays] })
  const isMasked = (accessTime: number) => weekly.evaluate(1, request({ accessTime })).mask !== null

  test.each([
    ['before', at(6, 15, 8, 59), false],
    ['at the beginning', at(6, 15, 9), true],
    ['at the end', at(6, 15, 17), true],
    ['after', at(6, 15, 17) + 1, false],
    ['on another day', at(6, 16, 10), false],
    ['in a year that is not meant', Date.UTC(2025, 5, 16, 10), false],
  ])('%s', (_, time, expected) => {
    expect(isMasked(time)).toBe(expected)
  })

  test('the next change is where the answer turns', () => {
    expect(weekly.nextChange(at(6, 15, 8))).toBe(at(6, 15, 9))
    expect(weekly.nextChange(at(6, 15, 9))).toBe(at(6, 15, 17) + 1)
    expect(weekly.nextChange(at(6, 15, 17) + 1)).toBe(at(6, 22, 9))
    expect(weekly.nextChange(Date.UTC(2028, 0, 1))).toBeNull()
  })

  test('the zone is that of the schedule, through the change of clocks; in Ranger it is the default one', () => {
    const schedule = { timeZone: 'Europe/Berlin', recurrences: [mondays] }
    const { nextChange } = withSchedule(schedule)
    expect(nextChange(at(3, 22))).toBe(at(3, 23, 8))
    expect(nextChange(at(3, 29))).toBe(at(3, 30, 7))
    const all = policies(maskPolicy('a', 'orders', 'email', [mask('MASK')], { validitySchedules: [schedule] }))
    expect(engine(all, { order: 'ranger', defaultZone: 'GMT' }).nextChange(at(3, 29))).toBe(at(3, 30, 9))
  })

  test('the days of the month and of the week add up; a month without the day is passed over', () => {
    const monthly = { ...mondays, schedule: { ...mondays.schedule, dayOfMonth: '31', dayOfWeek: '' } }
    expect(withSchedule({ recurrences: [monthly] }).nextChange(at(6, 1))).toBe(at(7, 31, 9))
    const both = { ...mondays, schedule: { ...mondays.schedule, dayOfMonth: '3' } }
    expect(withSchedule({ recurrences: [both] }).nextChange(at(6, 1, 18))).toBe(at(6, 3, 9))
  })
})

test('an expression that looks at the time is asked again each minute', () => {
  const conditions = [{ type: '_expression', values: ["IS_ACCESS_TIME_AFTER('2026/06/15')"] }]
  const timed = engine(policies(maskPolicy('a', 'orders', 'email', [mask('MASK', { conditions })])))
  expect(timed.nextChange(at(6, 1) + 5000)).toBe(at(6, 1) + 60_000)
})
