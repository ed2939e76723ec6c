import { byName, diffDocuments } from './json-patch.ts'
import { tame } from './tame.ts'
import type { PolicyDocument } from './document.ts'

/** What differs between two sets, for a reader: the patch for machines, and for each policy what was said and is said. */
export interface PolicyDiff {
  /** JSON Patch over the object of documents by name. */
  readonly patch: readonly unknown[]
  /** By name; those that say the same are left out. */
  readonly policies: readonly PolicyChangeSummary[]
}

export interface PolicyChangeSummary {
  readonly name: string
  readonly change: 'added' | 'removed' | 'changed'
  /** Members but the lists of conditions; `from` or `to` is left out where the member was not, or is no longer, there. */
  readonly members: readonly Changed[]
  readonly conditions: {
    readonly added: readonly Listed[]
    readonly removed: readonly Listed[]
    readonly changed: readonly Changed[]
    /** Lists in which what stayed has another order: the first that fits counts. */
    readonly reordered: readonly string[]
  }
}

export interface Changed {
  /** Where it is: `maskingPolicy.unknownColumns`, the list's path for a condition. */
  readonly path: string
  readonly from?: unknown
  readonly to?: unknown
}

/** A condition, an item or a column, with the path of its list. */
export interface Listed {
  readonly path: string
  readonly condition: unknown
}

export function diffPolicies(from: readonly PolicyDocument[], to: readonly PolicyDocument[]): PolicyDiff {
  const [before, after] = [byName(from), byName(to)]
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
  const policies = names.flatMap(name => {
    const found = createSummary()
    compareMembers('', before[name] ?? {}, after[name] ?? {}, found)
    if (found.isEmpty()) return []
    const change = before[name] === undefined ? 'added' : after[name] === undefined ? 'removed' : 'changed'
    return [{ name, change, ...found.summary } as const]
  })
  return { patch: diffDocuments(from, to), policies }
}

type Members = Readonly<Record<string, unknown>>
interface Growing {
  readonly members: Changed[]
  readonly conditions: { added: Listed[]; removed: Listed[]; changed: Changed[]; reordered: string[] }
}

function createSummary(): { readonly summary: Growing; readonly isEmpty: () => boolean } {
  const conditions: Growing['conditions'] = { added: [], removed: [], changed: [], reordered: [] }
  const summary: Growing = { members: [], conditions }
  const lists = [summary.members, ...Object.values(conditions)]
  return { summary, isEmpty: () => lists.every(({ length }) => length === 0) }
}

/** Whatever the shape of the documents is: lists of objects are conditions, anything else is a member. */
function compareMembers(path: string, from: object, to: object, found: { readonly summary: Growing }): void {
  const [before, after] = [from as Members, to as Members]
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const at = path === '' ? name : `${path}.${name}`
    const [was, is] = [before[name], after[name]]
    if (isSame(was, is)) continue
    const [wasList, isNowList] = [listOf(was), listOf(is)]
    if (wasList !== null && isNowList !== null && wasList.length + isNowList.length > 0)
      compareLists(at, wasList, isNowList, found.summary)
    else if (isPlain(was ?? is) && isPlain(is ?? was))
      compareMembers(at, (was ?? {}) as object, (is ?? {}) as object, found)
    else
      found.summary.members.push({
        path: at,
        ...(was === undefined ? {} : { from: was }),
        ...(is === undefined ? {} : { to: is }),
      })
  }
}

function compareLists(path: string, from: readonly object[], to: readonly object[], { conditions }: Growing): void {
  const [before, after] = [identified(from), identified(to)]
  for (const [id, condition] of before) {
    const now = after.get(id)
    if (now === undefined) conditions.removed.push({ path, condition })
    else if (!isSame(condition, now)) conditions.changed.push({ path, from: condition, to: now })
  }
  for (const [id, condition] of after) if (!before.has(id)) conditions.added.push({ path, condition })
  const stayed = [...before.keys()].filter(id => after.has(id))
  if (
    !isSame(
      stayed,
      [...after.keys()].filter(id => before.has(id)),
    )
  )
    conditions.reordered.push(path)
}

/** What is the same condition on both sides: the one that names the same column. Those that name none are told by all they say. */
function identified(list: readonly object[]): Map<string, object> {
  const seen = new Map<string, number>()
  return new Map(
    list.map(one => {
      const { field, name } = one as Members
      const id =
        typeof field === 'string' ? `field ${field}` : typeof name === 'string' ? `name ${name}` : canonical(one)
      const number = (seen.get(id) ?? 0) + 1
      seen.set(id, number)
      return [`${number} ${id}`, one]
    }),
  )
}

const isPlain = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value)
/** A list of objects; one that is not there is empty. */
const listOf = (value: unknown): readonly object[] | null =>
  value === undefined ? [] : Array.isArray(value) && value.every(isPlain) ? (value as object[]) : null

const isSame = (a: unknown, b: unknown): boolean => canonical(a) === canonical(b)

/** The order of members says nothing, and the store does not keep it. */
function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_name, member: unknown) =>
      isPlain(member)
        ? Object.fromEntries(Object.entries(member as Members).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
        : member,
    ) ?? ''
  )
}

/** The same for people: a line for each thing that was (`-`) or is (`+`), below the name of its policy. */
export function diffText({ policies }: PolicyDiff, from: string, to: string): string {
  const lines = policies.flatMap(({ name, change, members, conditions }) => [
    `@@ ${change}: ${shown(name)} @@`,
    ...members.flatMap(lineOfChange),
    ...conditions.removed.map(({ path, condition }) => `- ${path}: ${shown(condition)}`),
    ...conditions.changed.flatMap(lineOfChange),
    ...conditions.added.map(({ path, condition }) => `+ ${path}: ${shown(condition)}`),
    ...conditions.reordered.map(path => `! ${path}: in another order`),
  ])
  return `${[`--- ${from}`, `+++ ${to}`, ...(lines.length === 0 ? ['the same'] : lines)].map(tame).join('\n')}\n`
}

const lineOfChange = ({ path, ...values }: Changed): string[] => [
  ...('from' in values ? [`- ${path}: ${shown(values.from)}`] : []),
  ...('to' in values ? [`+ ${path}: ${shown(values.to)}`] : []),
]

const shown = (value: unknown): string => JSON.stringify(value)
