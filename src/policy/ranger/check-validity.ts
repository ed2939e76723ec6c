import { type Recurrence, type ScheduleField, scheduleFields, type ValiditySchedule } from './policy.ts'
import { isZoneName, readWallTime } from './time-zone.ts'

/** What is wrong with a schedule, in words, each with the member it is about. Empty where nothing is. */
export function checkSchedule(schedule: ValiditySchedule): readonly string[] {
  const { startTime, endTime, timeZone: zone, recurrences } = schedule
  if (isBlank(startTime) && isBlank(endTime) && recurrences.length === 0) return ['the schedule is empty']
  const start = isBlank(startTime) ? null : readFull(startTime)
  const end = isBlank(endTime) ? null : readFull(endTime)
  const faults = [
    ...(start === undefined ? ['startTime is not yyyy/MM/dd HH:mm:ss'] : []),
    ...(end === undefined ? ['endTime is not yyyy/MM/dd HH:mm:ss'] : []),
  ]
  if (start === undefined || end === undefined) return faults
  if (start !== null && end !== null && start >= end) faults.push('endTime is not later than startTime')
  if (!isBlank(zone) && !isZoneName((zone ?? '').trim())) faults.push('timeZone is not known')
  const years = [start === null ? 2017 : yearOf(start), end === null ? 2100 : yearOf(end)] as const
  return [...faults, ...recurrences.flatMap(recurrence => checkRecurrence(recurrence, years))]
}

const isBlank = (text: string | null): text is null | '' => text === null || text.trim() === ''
const yearOf = (wall: number): number => new Date(wall).getUTCFullYear()

const readFull = (text: string | null): number | undefined =>
  text !== null && /:\d{1,2}:\d{1,2}$/.test(text) ? (readWallTime(text) ?? undefined) : undefined

const bounds: Readonly<Record<ScheduleField, readonly [least: number, most: number]>> = {
  minute: [0, 59],
  hour: [0, 23],
  dayOfMonth: [1, 31],
  dayOfWeek: [1, 7],
  month: [1, 12],
  year: [2017, 2100],
}

function checkRecurrence({ schedule, interval }: Recurrence, years: readonly [number, number]): readonly string[] {
  if (schedule === null || interval === null) return ['a recurrence needs a schedule and an interval']
  const { days, hours, minutes } = interval
  const faults: string[] = []
  if (days < 0 || hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || days + hours + minutes === 0) {
    faults.push('interval is not a time of days, 0-23 hours and 0-59 minutes')
  }
  if (isBlank(schedule.dayOfMonth) && isBlank(schedule.dayOfWeek))
    faults.push('dayOfMonth and dayOfWeek are both empty')
  return [...faults, ...scheduleFields.flatMap(field => checkField(field, schedule[field], years))]
}

function checkField(field: ScheduleField, text: string | null, years: readonly [number, number]): readonly string[] {
  if (isBlank(text)) return field === 'dayOfMonth' || field === 'dayOfWeek' ? [] : [`${field} is empty`]
  // Minutes come in lists only.
  if (!(field === 'minute' ? /^[\d\s,*]*$/ : /^[\d\s,*-]*$/).test(text))
    return [`${field} has a character of no meaning`]
  const faults = checkParts(field, text, bounds[field])
  return faults.length > 0 || field !== 'year' ? faults : checkParts(field, text, years)
}

function checkParts(field: ScheduleField, text: string, [least, most]: readonly [number, number]): readonly string[] {
  const faults: string[] = []
  const ranges: (readonly [number, number])[] = []
  for (const part of text
    .replace(/\s/g, '')
    .split(',')
    .filter(one => one !== '')) {
    const ends = part.split('-')
    if (ends.length > 2 || ends.includes('')) {
      faults.push(`${field} has a range without two ends`)
      continue
    }
    const [from = least, to = from] = ends.map((end, at) => (end === '*' ? (at === 0 ? least : most) : Number(end)))
    if (ends.length === 1) {
      if (part !== '*' && !(from >= least && from <= most)) faults.push(`${field} is not within ${least}-${most}`)
      continue
    }
    const isOutside =
      field === 'year' ? from < least && to > most : !(from >= least && from <= most && to >= least && to <= most)
    if (isOutside) faults.push(`${field} is not within ${least}-${most}`)
    else if (!(from < to)) faults.push(`${field} has a range that ends before it begins`)
    else ranges.push([from, to])
  }
  const rising = ranges.toSorted(([a], [b]) => a - b)
  if (rising.some(([from], at) => (rising[at - 1]?.[1] ?? -1) > from)) faults.push(`${field} has ranges that overlap`)
  return faults
}
