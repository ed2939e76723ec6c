/** A time as a clock on a wall shows it, in fields of the UTC calendar: no zone, months from 0. */
export type WallTime = number

/** Wall times of one zone. Pure: the tables of zones are Node's own. */
export interface TimeZone {
  readonly wallTime: (instant: number) => WallTime
  readonly instant: (wallTime: WallTime) => number
}

const GMT: TimeZone = { wallTime: instant => instant, instant: wallTime => wallTime }

/** Null where there is no such zone. */
export function timeZone(name: string): TimeZone | null {
  if (name === '' || name === 'GMT' || name === 'UTC') return GMT
  let format: Intl.DateTimeFormat
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  } catch {
    return null
  }
  const wallTime = (instant: number): WallTime => {
    const parts = new Map(format.formatToParts(instant).map(({ type, value }) => [type, value]))
    const field = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type))
    const whole = Date.UTC(
      field('year'),
      field('month') - 1,
      field('day'),
      field('hour'),
      field('minute'),
      field('second'),
    )
    return whole + (((instant % 1000) + 1000) % 1000)
  }
  return {
    wallTime,
    // Twice, since the offset that counts is the one at the instant looked for. In the hour that a change skips the
    // result lies after it, in the one that it repeats before it.
    instant: wall => {
      const first = wall - (wallTime(wall) - wall)
      return wall - (wallTime(first) - first)
    },
  }
}

/** Three letters that mean several zones, and Java's own: Ranger takes none of them. */
const ambiguous =
  /^(ACT|AET|AGT|ART|AST|BET|BST|CAT|CNT|CST|CTT|EAT|ECT|IET|IST|JST|MIT|NET|NST|PLT|PNT|PRT|PST|SST|VST|SystemV\/.*)$/

/** The zones that a schedule may name. */
export const isZoneName = (name: string): boolean =>
  /^[A-Za-z]/.test(name) && !ambiguous.test(name) && timeZone(name) !== null

/** `yyyy/MM/dd HH:mm:ss`; shorter forms where `parts` allows them. Null where it is no date of the calendar. */
export function readWallTime(text: string): WallTime | null {
  const found = /^\s*(\d{4})\/(\d{1,2})\/(\d{1,2})(?: (\d{1,2}):(\d{1,2})(?::(\d{1,2}))?)?$/.exec(text)
  if (found === null) return null
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found.slice(1).map(part => Number(part ?? 0))
  const wall = Date.UTC(year, month - 1, day, hour, minute, second)
  const back = new Date(wall)
  const same = back.getUTCMonth() === month - 1 && back.getUTCDate() === day && hour < 24 && minute < 60 && second < 60
  return same ? wall : null
}
