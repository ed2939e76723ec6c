import { findMaskType, maskTypeName } from '../pipeline/mask/mask-types.ts'
import type { ColumnRules } from '../pipeline/plan.ts'
import type { RangerPolicy } from './ranger/policy.ts'

/** The type of our own service definition: topic, field, and masks with parameters. */
export const OWN_SERVICE_TYPE = 'kafka-cdc'

/** In a policy's `options`: what Ranger has no member for. */
export const OWN_OPTIONS = 'scrim'

/** As a masking policy has them: `params` of the mask, `dialect`, `undecidedDelete` and `replicaIdentity` of the filter. */
export interface OwnOptions {
  readonly params: Readonly<Record<string, unknown>>
  readonly dialect: 'scrim' | 'hive' | 'trino' | null
  readonly undecidedDelete: 'delete' | 'drop'
  readonly isBeforeWhole: boolean
  readonly unknownColumns: ColumnRules['unknown'] | null
  readonly toast: ColumnRules['toast']
}

/** The first of each list is taken where something unheard of stands there: it is the safest. */
const words = {
  dialect: ['scrim', 'hive', 'trino'],
  undecidedDelete: ['delete', 'drop'],
  unknownColumns: ['hold', 'quarantine', 'drop', 'null'],
  toast: ['reject', 'omit', 'keep'],
} as const

export function ownOptions({ options }: RangerPolicy): OwnOptions {
  const own = isObject(options[OWN_OPTIONS]) ? options[OWN_OPTIONS] : {}
  const word = <const T extends string>(said: unknown, known: readonly [T, ...T[]]): T | null =>
    said === undefined ? null : (known.find(one => one === said) ?? known[0])
  return {
    params: isObject(own.params) ? own.params : {},
    dialect: word(own.dialect, words.dialect),
    undecidedDelete: word(own.undecidedDelete, words.undecidedDelete) ?? 'delete',
    isBeforeWhole: own.replicaIdentity === 'full',
    unknownColumns: word(own.unknownColumns, words.unknownColumns),
    toast: word(own.toast, words.toast),
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const withPrefix: ReadonlySet<string> = new Set([
  'none',
  'null',
  'hash',
  'show_last_4',
  'show_first_4',
  'date_show_year',
])

/** The name that our service definition has for a mask of ours. */
export function rangerMaskName(name: string): string {
  const maskType = findMaskType(name)
  const own = maskType === undefined ? name : maskTypeName(maskType)
  return (withPrefix.has(own) ? `mask_${own}` : own).toUpperCase()
}
