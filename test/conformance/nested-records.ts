import { columnType } from '../support/mask-samples.ts'
import { maskThroughEngine } from '../support/masked-value.ts'

/** Whole JSON records as Ranger's plugin for nested structures masks them. Only for its cases: Scrim selects by its own paths. */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

export interface FieldRule {
  readonly field: string
  readonly hasAccess: boolean
  readonly isMasked: boolean
  readonly maskType: string | null
  readonly customMaskedValue: string | null
}

/** The masked leaf; throws where the engine refuses the mask or the value. */
export function maskLeaf(value: Json, maskType: string | null, customValue: string | null): Json {
  const kind = kindOf(value)
  const masked = maskThroughEngine(conditionOf(maskType, customValue, kind), columnType(kind), JSON.stringify(value))
  if (masked.kind !== 'published') throw new Error(`${masked.kind}: ${masked.code}`)
  return JSON.parse(masked.literal) as Json
}

function kindOf(value: Json): 'string' | 'boolean' | 'int64' | 'double' {
  if (typeof value === 'boolean') return 'boolean'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'double'
  return 'string'
}

/** In this dialect CUSTOM is a constant, read as the type of what it stands for. */
function conditionOf(maskType: string | null, customValue: string | null, kind: string): Record<string, unknown> {
  if (maskType !== 'CUSTOM') return { maskType, dialect: 'nestedstructure' }
  if (kind === 'string') return { maskType: 'full', maskValue: customValue }
  if (kind === 'boolean') return { maskType: 'full', maskValue: customValue?.toLowerCase() === 'true' }
  return { maskType: 'full', maskValue: /^[+-]?\d+$/.test(customValue ?? '') ? Number(customValue) : customValue }
}

const steps = (path: string): string[] => path.split('.').map(step => step.replace(/^\[(\d+)\]$/, '$1'))

/** A field without access is not masked either: the plugin leaves it to the caller to deny it. */
export const maskRecord = (record: Json, fields: readonly FieldRule[]): Json =>
  fields
    .filter(({ hasAccess, isMasked }) => hasAccess && isMasked)
    .reduce(
      (masked, { field, maskType, customMaskedValue }) =>
        mapAt(masked, steps(field), leaf => maskLeaf(leaf, maskType, customMaskedValue)),
      record,
    )

function mapAt(value: Json, path: readonly string[], change: (leaf: Json) => Json): Json {
  const [step, ...rest] = path
  if (step === undefined) return change(value)
  if (Array.isArray(value))
    return value.map((item: Json, index) => (step === '*' || step === String(index) ? mapAt(item, rest, change) : item))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, name === step ? mapAt(member, rest, change) : member]),
  )
}

/** The value at a path as text; a `*` gives them all. */
export function readText(record: Json, path: string): string {
  const found = steps(path).reduce<Json | undefined>((value, step) => {
    if (step === '*') return value
    return (value as Readonly<Record<string, Json>> | undefined)?.[step]
  }, record)
  return typeof found === 'string' ? found : JSON.stringify(found)
}

/** The paths of all leaves; the items of an array have one path. */
export function listFields(value: Json, path = ''): Set<string> {
  if (typeof value !== 'object' || value === null) return new Set([path])
  const inner = (step: string): string => (path === '' ? step : `${path}.${step}`)
  const isList = Array.isArray(value)
  return new Set(
    Object.entries(value).flatMap(([name, member]) => [...listFields(member as Json, inner(isList ? '*' : name))]),
  )
}
