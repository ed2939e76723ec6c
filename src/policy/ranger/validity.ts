import type { ValiditySchedule } from './policy.ts'
import { compileRecurrence } from './recurrence.ts'
import { readWallTime, timeZone } from './time-zone.ts'

/** When something is in force. */
export interface Validity {
  readonly isActive: (instant: number) => boolean
  /** The next instant at which `isActive` may turn; null where it never will. */
  readonly nextChange: (instant: number) => number | null
}

export const always: Validity = { isActive: () => true, nextChange: () => null }

/**
 * One schedule is enough of several; start and end belong to the time in force. Ranger reckons recurrences in the zone of
 * its machine whatever the schedule says: `recurrenceZone` is for being like it, null takes the schedule's own zone.
 */
export function compileValidity(schedules: readonly ValiditySchedule[], recurrenceZone: string | null): Validity {
  if (schedules.length === 0) return always
  const all = schedules.map(schedule => compileSchedule(schedule, recurrenceZone))
  return {
    isActive: instant => all.some(one => one.isActive(instant)),
    nextChange: instant => earliest(all.map(one => one.nextChange(instant))),
  }
}

export const earliest = (instants: Iterable<number | null>): number | null => {
  let first: number | null = null
  for (const instant of instants) if (instant !== null && (first === null || instant < first)) first = instant
  return first
}

function compileSchedule(schedule: ValiditySchedule, recurrenceZone: string | null): Validity {
  const zone = timeZone((schedule.timeZone ?? '').trim()) ?? timeZone('GMT')
  if (zone === null) return always
  const bound = (text: string | null): number | null => {
    const wall = text === null || text === '' ? null : readWallTime(text)
    return wall === null ? null : zone.instant(wall)
  }
  const start = bound(schedule.startTime)
  const end = bound(schedule.endTime)
  const ofRecurrences = recurrenceZone === null ? zone : (timeZone(recurrenceZone) ?? zone)
  const recurrences = schedule.recurrences.map(one => compileRecurrence(one, ofRecurrences))
  return {
    isActive: instant =>
      (start === null || instant >= start) &&
      (end === null || instant <= end) &&
      (recurrences.length === 0 || recurrences.some(one => one.isActive(instant))),
    nextChange: instant => {
      if (end !== null && instant > end) return null
      if (start !== null && instant < start) return start
      return earliest([end === null ? null : end + 1, ...recurrences.map(one => one.nextChange(instant))])
    },
  }
}
