/**
 * The forms in which Ranger writes an instant: epoch milliseconds (REST), `20170221-13:11:59.000-+0000` (cache files, with
 * that odd dash), `20180127-10:03:00.000-0800` (its tests), `Aug 21, 2026 4:05:06 PM` in UTC (exports), and ISO 8601.
 */
export function readDate(value: unknown): number | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : null
  if (typeof value !== 'string') return null
  if (/^\d{10,15}$/.test(value)) return Number(value)
  return compactDate(value) ?? exportDate(value) ?? isoDate(value)
}

function compactDate(text: string): number | null {
  const found = /^(\d{4})(\d\d)(\d\d)-(\d\d):(\d\d):(\d\d)\.(\d{3})-?([+-])(\d\d)(\d\d)$/.exec(text)
  if (found === null) return null
  const [, year, month, day, hour, minute, second, ms, sign, zoneHour, zoneMinute] = found
  const offset = (Number(zoneHour) * 60 + Number(zoneMinute)) * 60_000 * (sign === '-' ? -1 : 1)
  return (
    Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second), Number(ms)) -
    offset
  )
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

function exportDate(text: string): number | null {
  const found = /^([A-Z][a-z]{2}) (\d{1,2}), (\d{4}),? (\d{1,2}):(\d\d):(\d\d)\s(AM|PM)$/.exec(text)
  if (found === null) return null
  const [, name = '', day, year, hour, minute, second, half] = found
  const month = months.indexOf(name)
  if (month < 0) return null
  return Date.UTC(
    Number(year),
    month,
    Number(day),
    (Number(hour) % 12) + (half === 'PM' ? 12 : 0),
    Number(minute),
    Number(second),
  )
}

function isoDate(text: string): number | null {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)$/.test(text)) return null
  const instant = Date.parse(text.replace(/([+-]\d\d)(\d\d)$/, '$1:$2'))
  return Number.isNaN(instant) ? null : instant
}
