import type { Path, Pick, Step, Test } from '../pipeline/mask/inside/path.ts'
import { readDotted } from './selector/dotted.ts'
import { readJsonPathPlus } from './selector/jsonpath-plus.ts'
import { readJsonPath } from './selector/rfc-9535.ts'
import { Unfit, unfit } from './selector/unfit.ts'

export type SelectorDialect = 'rfc9535' | 'jsonpath-plus'

/** One thing that a `field` names. */
export interface FieldTarget {
  /** Null: every column; without `inside` those that nothing names. */
  readonly column: string | null
  /** The path from the column's value on; null: the column itself. */
  readonly inside: Path | null
  /** A second reading (`key.id` in a column `key`): it holds where it fits and is no mistake where it does not. */
  readonly isGuess: boolean
}

const images = new Set(['after', 'before', 'key'])

/**
 * Reads `after.email`, `address.city`, `after.*`, `$.profile.phones[*].number`. Whatever image is named, the rule holds for
 * all places of the column. `problem`: why it is refused, in constant words.
 */
export function readSelector(
  field: string,
  dialect: SelectorDialect = 'rfc9535',
): { readonly targets: readonly FieldTarget[] } | { readonly problem: string } {
  try {
    const isPath = field.startsWith('$')
    // A path of the RFC with white space around it is none, and must not be read as a name.
    if (!isPath && field.trim().startsWith('$')) return unfit('is no path of RFC 9535', 1)
    const read = !isPath ? readDotted : dialect === 'jsonpath-plus' ? readJsonPathPlus : readJsonPath
    return { targets: targetsOf(read(field)) }
  } catch (error) {
    if (!(error instanceof Unfit)) throw error
    return { problem: error.told }
  }
}

function targetsOf(path: Path): FieldTarget[] {
  const isWrapped = path.length > 1 && nameOf(path[0]) === 'payload'
  const row = isWrapped ? path.slice(1) : path
  const isImage = row.length > 1 && images.has(nameOf(row[0]) ?? '')
  const [head, ...rest] = isImage ? row.slice(1) : row
  if (head === undefined || head.kind === 'parent') return unfit('names no column')
  const inside = rest.length === 0 ? null : rest
  const targets = head.picks.flatMap(pick => {
    const column = columnOf(pick)
    if (column === undefined || column === '*') return unfit('names no single column')
    if (head.kind === 'child') return [aTarget(column, inside)]
    if (column === null) return unfit('descends from the row to more than a name')
    return [aTarget(column, inside), aTarget(null, [{ kind: 'descendant', picks: [pick] }, ...rest])]
  })
  // A column may be called as an image is, and then what is inside it is meant.
  const other = isImage ? nameOf(row[0]) : isWrapped ? 'payload' : null
  const outer = isImage ? row.slice(1) : path.slice(1)
  return other === null || targets.some(({ column }) => column === null)
    ? targets
    : [...targets, { ...aTarget(other, outer), isGuess: true }]
}

function aTarget(column: string | null, inside: Path | null): FieldTarget {
  let depth = 0
  for (const step of inside ?? []) {
    depth += step.kind === 'parent' ? -1 : 1
    if (depth < 1) return unfit('leads out of its column')
    if (step.kind !== 'parent' && step.picks.some(startsAtRoot))
      return unfit('has a filter that starts at $: it may look at its own element only')
  }
  return { column, inside, isGuess: false }
}

/** The one name of a step; null where it is anything else. */
function nameOf(step: Step | undefined): string | null {
  const only = step === undefined || step.kind === 'parent' || step.picks.length > 1 ? undefined : step.picks[0]
  return only?.kind === 'name' || only?.kind === 'reach' ? only.name : null
}

/** Null: every column; undefined: the pick names none. */
function columnOf(pick: Pick): string | null | undefined {
  if (pick.kind === 'name' || pick.kind === 'reach') return pick.name === '' ? undefined : pick.name
  return pick.kind === 'any' || pick.kind === 'within' ? null : undefined
}

const startsAtRoot = (pick: Pick): boolean => pick.kind === 'filter' && looksAtRoot(pick.test)

function looksAtRoot(value: Test | object): boolean {
  if ('from' in value && value.from === 'root') return true
  return Object.values(value).some(
    (inner: unknown) => typeof inner === 'object' && inner !== null && looksAtRoot(inner),
  )
}
