import type { RecordValue } from '../pipeline/record-values.ts'
import type { Handling } from '../policy/column-handling.ts'

/** What two sets of policies make of one record, value by value. Pure. */

export interface Side {
  /** Null where the set does not publish the record. */
  readonly values: readonly RecordValue[] | null
  /** It rejects the record, which then waits; what its rules leave clear is nothing that it hides. */
  readonly isHeld: boolean
  readonly handling: (column: string) => Handling
}

/** What became of one path of a record; kinds and lengths only, never a value. */
export interface PathChange {
  readonly path: string
  readonly column: string
  readonly changed: boolean
  readonly newlyClear: boolean
  readonly newlyMasked: boolean
  readonly newlyDropped: boolean
  /** The candidate publishes a column that the current set leaves out. */
  readonly newlyAdded: boolean
  readonly raw: string
  readonly current: string
  readonly candidate: string
}

/** Shorter values turn up in other values by chance. */
const TELLING_LENGTH = 6

/** The paths on which the two sides differ; `isPlaceholder`: stands for a value that the record does not have. */
export function compareValues(
  rawValues: readonly RecordValue[],
  current: Side,
  candidate: Side,
  isPlaceholder: (value: RecordValue) => boolean,
): PathChange[] {
  const raw = byPlace(rawValues.filter(value => value.part !== 'envelope'))
  const rawColumns = columnsOf(rawValues)
  const before = createReading(current, raw, 'its own place')
  const after = createReading({ ...candidate, isHeld: false }, raw, 'any image')
  const changes = new Map<string, PathChange>()
  for (const place of new Set([...raw.keys(), ...before.places.keys(), ...after.places.keys()])) {
    const had = raw.get(place) ?? []
    const secrets = had.filter(value => value.kind !== 'null' && value.kind !== 'empty' && !isPlaceholder(value))
    const was = before.places.get(place) ?? []
    const is = after.places.get(place) ?? []
    const found = had[0] ?? was[0] ?? is[0]
    if (found === undefined || found.part === 'envelope') continue
    const bothPublish = before.publishes && after.publishes
    // Where JSON text is replaced as a whole its inner paths end, and one of the column's own begins: masked, not left out.
    const isReplaced = is.length === 0 && after.places.has(`${found.part} ${found.column}`)
    const wasReplaced = was.length === 0 && before.columns.has(`${found.part} ${found.column}`)
    const newlyClear = secrets.find(secret =>
      after.showsAtHome(secret) ? !before.showsAtHome(secret) : after.shows(secret) && !before.shows(secret),
    )
    const newlyMasked =
      is.length === 0 && !isReplaced
        ? undefined
        : secrets.find(secret => before.showsAtHome(secret) && !after.shows(secret))
    const change = {
      path: found.path,
      column: found.column,
      changed: bothPublish && worths(was) !== worths(is),
      newlyClear: newlyClear !== undefined,
      newlyMasked: newlyMasked !== undefined,
      newlyDropped: bothPublish && was.length > 0 && is.length === 0 && !isReplaced,
      newlyAdded: bothPublish && was.length === 0 && is.length > 0 && !wasReplaced,
    }
    if (!Object.values(change).includes(true)) continue
    const shown = newlyClear ?? newlyMasked ?? had[0]
    const at = shown === undefined ? 0 : Math.max(0, had.indexOf(shown))
    const sample = {
      raw: shown === undefined && rawColumns.has(`${found.part} ${found.column}`) ? 'nested' : kindText(shown),
      current: keptText(shown, was[at] ?? was[0], before, found.column),
      candidate: keptText(shown, is[at] ?? is[0], after, found.column),
    }
    const known = changes.get(found.path)
    changes.set(found.path, known === undefined ? { ...change, ...sample } : merged(known, { ...change, ...sample }))
  }
  return [...changes.values()]
}

type Places = ReadonlyMap<string, readonly RecordValue[]>

const byPlace = (values: readonly RecordValue[]): Places => Map.groupBy(values, ({ part, path }) => `${part} ${path}`)

const columnsOf = (values: readonly RecordValue[]): ReadonlySet<string> =>
  new Set(values.map(({ part, column }) => `${part} ${column}`))

interface Reading {
  readonly publishes: boolean
  readonly places: Places
  /** The columns of the places. */
  readonly columns: ReadonlySet<string>
  /** Can this raw value be read in what is published, in its own column? */
  readonly showsAtHome: (secret: RecordValue) => boolean
  /** The same, there or anywhere else. */
  readonly shows: (secret: RecordValue) => boolean
  readonly isConstant: (column: string) => boolean
}

/** A value counts as shown by the candidate wherever its column stands, by the current set only where it stands itself: in doubt newly clear. */
function createReading({ values, isHeld, handling }: Side, raw: Places, where: 'its own place' | 'any image'): Reading {
  const places = byPlace(values ?? [])
  const isConstant = (column: string): boolean => handling(column) === 'constant'
  const telling = (values ?? []).filter(({ column, part }) => part === 'envelope' || !isConstant(column))
  const all = telling.map(({ text }) => text).join('\n')
  // A column that the raw row does not have was made by the set: whatever it says may be a copy.
  const made = new Set(
    telling.filter(({ part, path }) => part !== 'envelope' && !raw.has(`${part} ${path}`)).map(({ worth }) => worth),
  )
  const homeOf = ({ part, path }: RecordValue): string => (where === 'any image' ? path : `${part} ${path}`)
  const shown = new Set(
    telling.filter(({ part }) => part !== 'envelope').map(value => `${homeOf(value)} ${value.worth}`),
  )
  const showsAtHome = (secret: RecordValue): boolean =>
    (isHeld && handling(secret.column) === 'clear') ||
    (!isConstant(secret.column) && shown.has(`${homeOf(secret)} ${secret.worth}`))
  return {
    publishes: values !== null,
    places,
    columns: columnsOf(values ?? []),
    isConstant,
    showsAtHome,
    shows: secret =>
      showsAtHome(secret) ||
      made.has(secret.worth) ||
      (secret.text.length >= TELLING_LENGTH && all.includes(secret.text)),
  }
}

const worths = (values: readonly RecordValue[]): string =>
  values.map(({ kind, worth }) => `${kind} ${worth}`).join('\n')

/** `text(12)`: what is told of a value that somebody hides. */
function kindText(value: RecordValue | undefined): string {
  if (value === undefined) return 'absent'
  const { kind, text } = value
  return kind === 'text' || kind === 'number' ? `${kind}(${[...text].length})` : kind === 'boolean' ? 'boolean' : kind
}

/** The same of what comes out, with how much of the raw value is left at either end. */
function keptText(raw: RecordValue | undefined, value: RecordValue | undefined, side: Reading, column: string): string {
  if (!side.publishes) return 'not published'
  const told = kindText(value)
  if (value === undefined || raw === undefined || value.kind === 'null' || value.kind === 'empty') return told
  if (side.isConstant(column)) return `${told} constant`
  if (value.worth === raw.worth) return `${told} as it is`
  const [a, b] = [[...raw.text], [...value.text]]
  const most = Math.min(a.length, b.length)
  let first = 0
  while (first < most && a[first] === b[first]) first++
  let last = 0
  while (last < most - first && a.at(-1 - last) === b.at(-1 - last)) last++
  return [told, first > 0 ? `first ${first} kept` : '', last > 0 ? `last ${last} kept` : '']
    .filter(part => part !== '')
    .join(', ')
}

/** The places of one path in one record: key, before, after. The graver sample is shown. */
function merged(a: PathChange, b: PathChange): PathChange {
  const first = (b.newlyClear && !a.newlyClear) || (b.newlyMasked && !a.newlyClear && !a.newlyMasked) ? b : a
  return {
    ...first,
    changed: a.changed || b.changed,
    newlyClear: a.newlyClear || b.newlyClear,
    newlyMasked: a.newlyMasked || b.newlyMasked,
    newlyDropped: a.newlyDropped || b.newlyDropped,
    newlyAdded: a.newlyAdded || b.newlyAdded,
  }
}
