import type { MaskInfo } from './ranger/policy.ts'
import type { ServiceDef } from './ranger/service-def.ts'
import { rangerMaskName } from './ranger-own.ts'

/** A mask of Ranger's as a condition of ours says it; or, in words, why it cannot be one. */
export type TranslatedMask =
  | { readonly maskType: string; readonly params: Readonly<Record<string, unknown>> }
  | { readonly fault: string }

/** How the expressions of a service are written. Ranger's own structure service takes them for plain texts. */
export type ServiceDialect = 'scrim' | 'hive' | 'trino' | 'text'

const dialects: Readonly<Record<string, ServiceDialect>> = {
  hive: 'hive',
  trino: 'trino',
  presto: 'trino',
  nestedstructure: 'text',
  'kafka-cdc': 'scrim',
  kafka: 'scrim',
}

export const serviceDialect = (serviceType: string): ServiceDialect =>
  (Object.hasOwn(dialects, serviceType) ? dialects[serviceType] : undefined) ?? 'hive'

/** Ranger's standard masks, whose meaning does not depend on the service; what `dialect` says is asked for by name. */
const standard: ReadonlySet<string> = new Set([
  'MASK',
  'MASK_SHOW_LAST_4',
  'MASK_SHOW_FIRST_4',
  'MASK_HASH',
  'MASK_NULL',
  'MASK_NONE',
  'MASK_DATE_SHOW_YEAR',
])

/** Those of which the compatible forms differ from ours. */
const hasDialects: ReadonlySet<string> = new Set([
  'MASK',
  'MASK_SHOW_LAST_4',
  'MASK_SHOW_FIRST_4',
  'MASK_HASH',
  'MASK_DATE_SHOW_YEAR',
])

export interface MaskSetting {
  readonly serviceDef: ServiceDef
  /** `scrim.mask.dialect` of the service's configuration: `strict` unless somebody says otherwise. */
  readonly maskDialect: string | null
  /** Parameters that stand with the policy: Ranger has no place for them in an item. */
  readonly params: Readonly<Record<string, unknown>>
}

export function translateMask({ maskType, valueExpr }: MaskInfo, setting: MaskSetting): TranslatedMask {
  const { serviceDef, maskDialect, params } = setting
  const dialect = serviceDialect(serviceDef.name)
  const name = maskType.toUpperCase()
  if (name === 'CUSTOM')
    return valueExpr === null ? { maskType: 'null', params: {} } : custom(valueExpr, dialect, params)
  if (standard.has(name)) {
    const isCompatible = hasDialects.has(name) && maskDialect !== null && maskDialect !== 'strict'
    return { maskType: name, params: isCompatible ? { ...params, dialect: maskDialect } : params }
  }
  const declared = serviceDef.dataMask?.maskTypes.get(maskType)
  if (declared?.transformer != null && declared.transformer !== '') return custom(declared.transformer, dialect, params)
  if (rangerMaskName(maskType) === name && (dialect === 'scrim' || declared !== undefined)) return { maskType, params }
  return { fault: `mask type ${maskType}` }
}

function custom(text: string, dialect: ServiceDialect, params: MaskSetting['params']): TranslatedMask {
  if (dialect === 'text') return { maskType: 'full', params: { maskValue: text } }
  return { maskType: 'custom', params: { dialect, ...params, valueExpr: text } }
}
