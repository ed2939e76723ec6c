import type { Recurrence, ScheduleField } from './policy.ts'
import type { TimeZone, WallTime } from './time-zone.ts'

/** A recurrence such as "Mondays at 9:00 for eight hours", in the wall time of one zone. */
export interface CompiledRecurrence {
  readonly isActive: (instant: number) => boolean
  /** The next instant at which it may begin or end to be active; null where it never will. */
  readonly nextChange: (instant: number) => number | null
}

const DAY = 86_400_000
/** Ranger knows years from 2017 to 2100; so many days back or ahead is all there is to search. */
const MOST_DAYS = 84 * 366

/** The values of a field: `*`, lists, ranges. Null stands for all. */
export function scheduleValues(text: string | null): ReadonlySet<number> | null {
  const parts = (text ?? '')
    .replace(/\s/g, '')
    .split(',')
    .filter(part => part !== '')
  if (parts.length === 0 || parts.some(part => part.includes('*'))) return null
  return new Set(
    parts.flatMap(part => {
      const [from = 0, to = from] = part.split('-').map(Number)
      return Array.from({ length: Math.min(Math.max(to - from + 1, 0), 4000) }, (_, at) => from + at)
    }),
  )
}

export function compileRecurrence({ schedule, interval }: Recurrence, zone: TimeZone): CompiledRecurrence {
  const days = interval?.days ?? 0
  const minutes = (interval?.hours ?? 0) * 60 + (interval?.minutes ?? 0)
  if (schedule === null || days * 1440 + minutes <= 0) return { isActive: () => true, nextChange: () => null }
  const values = (field: ScheduleField) => scheduleValues(schedule[field])
  const [minutesOf, hoursOf, monthsOf, yearsOf] = [values('minute'), values('hour'), values('month'), values('year')]
  const isNamed = (field: ScheduleField): boolean => (schedule[field] ?? '').trim() !== ''
  const daysOfMonth = isNamed('dayOfMonth') ? values('dayOfMonth') : undefined
  const daysOfWeek = isNamed('dayOfWeek') ? values('dayOfWeek') : undefined
  const times = timesOfDay(isNamed('hour') ? hoursOf : null, isNamed('minute') ? minutesOf : null)

  const isDay = (day: WallTime): boolean => {
    const date = new Date(day)
    return (
      holds(yearsOf, date.getUTCFullYear()) &&
      holds(monthsOf, date.getUTCMonth() + 1) &&
      // A day of the month or a day of the week: either may be what it recurs on. Sunday is 1.
      ((daysOfMonth !== undefined && holds(daysOfMonth, date.getUTCDate())) ||
        (daysOfWeek !== undefined && holds(daysOfWeek, date.getUTCDay() + 1)))
    )
  }
  const dayOf = (wall: WallTime): WallTime => Math.floor(wall / DAY) * DAY
  const latest = (wall: WallTime): WallTime | null => {
    const today = dayOf(wall)
    // An occurrence that lies further back than the interval is over.
    const furthest = Math.min(days + Math.ceil(minutes / 1440) + 2, MOST_DAYS)
    for (let back = 0; back <= furthest; back++) {
      const day = today - back * DAY
      if (!isDay(day)) continue
      const time = back === 0 ? times.findLast(one => day + one <= wall) : times.at(-1)
      if (time !== undefined) return day + time
    }
    return null
  }
  const next = (wall: WallTime): WallTime | null => {
    for (let ahead = 0; ahead <= MOST_DAYS; ahead++) {
      const day = dayOf(wall) + ahead * DAY
      if (new Date(day).getUTCFullYear() > 2100) return null
      if (!isDay(day)) continue
      const time = times.find(one => day + one > wall)
      if (time !== undefined) return day + time
    }
    return null
  }
  const end = (start: WallTime): number => zone.instant(start + days * DAY) + minutes * 60_000
  return {
    isActive: instant => {
      const start = latest(zone.wallTime(instant))
      return start !== null && instant <= end(start)
    },
    nextChange: instant => {
      const wall = zone.wallTime(instant)
      const start = latest(wall)
      const begin = next(wall)
      const changes = [
        // The end belongs to the interval.
        ...(start !== null && instant <= end(start) ? [end(start) + 1] : []),
        ...(begin === null ? [] : [zone.instant(begin)]),
      ].filter(change => change > instant)
      return changes.length === 0 ? null : Math.min(...changes)
    },
  }
}

const holds = (values: ReadonlySet<number> | null, value: number): boolean => values === null || values.has(value)

/** Milliseconds of the day, rising. */
function timesOfDay(hours: ReadonlySet<number> | null, minutes: ReadonlySet<number> | null): readonly number[] {
  const all = (count: number): number[] => Array.from({ length: count }, (_, at) => at)
  const rising = (values: ReadonlySet<number> | null, count: number): readonly number[] =>
    values === null ? all(count) : all(count).filter(value => values.has(value))
  return rising(hours, 24).flatMap(hour => rising(minutes, 60).map(minute => (hour * 60 + minute) * 60_000))
}
