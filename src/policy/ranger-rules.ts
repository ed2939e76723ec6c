import type { Problem } from '../errors.ts'
import { type Dialect, dialects } from '../pipeline/expression/dialect.ts'
import type { PlaceholderValue } from '../pipeline/expression/expression.ts'
import type { ColumnRule, KeyRing, RowFilter } from '../pipeline/plan.ts'
import { readRule } from './column-rules.ts'
import { placeholdersIn } from './expression/parse.ts'
import { policyProblem } from './policy-problem.ts'
import { rangerPolicyName } from './ranger-document.ts'
import { ownOptions } from './ranger-own.ts'
import { serviceDialect, translateMask } from './ranger-mask.ts'
import type { RangerService } from './ranger-services.ts'
import type { BoundPlaceholder } from './ranger/expression-text.ts'
import type { RangerPolicy } from './ranger/policy.ts'
import { readExpression } from './row-rules.ts'

/** What a placeholder of an expression stands for to one reader. */
export interface Reader {
  readonly user: string
  readonly placeholders: readonly BoundPlaceholder[]
}

/** Null: the item says nothing that can be applied, which `problems` then tells; or nothing at all. */
export interface ItemRules {
  readonly mask: (policy: RangerPolicy, item: number, reader: Reader) => ColumnRule | null
  readonly filter: (policy: RangerPolicy, item: number, reader: Reader) => RowFilter | null
}

/** Makes rules of the items of a service's policies. Each is made once here, so that what is wrong with it is told at load. */
export function createItemRules(
  service: RangerService,
  keys: KeyRing,
): ItemRules & { readonly problems: readonly Problem[] } {
  const problems: Problem[] = []
  const made = new Map<string, ColumnRule | null>()
  const fixed = (policy: RangerPolicy, item: number): string =>
    JSON.stringify([policy.service, policy.zoneName, policy.name, policy.id, item])
  for (const policy of service.policies) {
    policy.masks.forEach(({ mask }, item) => {
      const rule = maskRule(service, policy, item, keys, problems, null)
      if (mask !== null && !hasPlaceholders(mask.valueExpr)) made.set(fixed(policy, item), rule)
    })
    for (const item of policy.filters.keys()) filterRule(service, policy, item, problems, null)
  }
  return {
    problems,
    mask: (policy, item, reader) => {
      const known = made.get(fixed(policy, item))
      return known === undefined ? maskRule(service, policy, item, keys, [], reader) : known
    },
    filter: (policy, item, reader) => filterRule(service, policy, item, [], reader),
  }
}

const hasPlaceholders = (text: string | null): boolean => text !== null && /[{]/.test(text)

function maskRule(
  { serviceDef, config }: RangerService,
  policy: RangerPolicy,
  item: number,
  keys: KeyRing,
  problems: Problem[],
  reader: Reader | null,
): ColumnRule | null {
  const mask = policy.masks[item]?.mask ?? null
  // That there is none, or none of this name, the check against the service definition tells.
  if (mask === null) return null
  const name = policyLabel(policy)
  const path = `dataMaskPolicyItems[${item}].dataMaskInfo`
  const { params } = ownOptions(policy)
  const translated = translateMask(mask, { serviceDef, maskDialect: config.get('scrim.mask.dialect') ?? null, params })
  if ('fault' in translated) {
    problems.push(policyProblem('POLICY_UNKNOWN_MASK', name, path, translated.fault))
    return null
  }
  const { maskType, params: all } = translated
  const dialect = dialects.find(one => one === all.dialect) ?? expressionDialect(serviceDef.name)
  const values = maskType === 'custom' ? valuesOf(String(all.valueExpr), dialect, reader) : []
  return readRule({ field: '', maskType, ...all }, name, path, keys, problems, values)
}

function filterRule(
  { serviceDef }: RangerService,
  policy: RangerPolicy,
  item: number,
  problems: Problem[],
  reader: Reader | null,
): RowFilter | null {
  const text = policy.filters[item]?.filterExpr ?? ''
  if (text.trim() === '') return null
  const path = `rowFilterPolicyItems[${item}].rowFilterInfo.filterExpr`
  const { undecidedDelete, isBeforeWhole, ...own } = ownOptions(policy)
  const dialect = own.dialect ?? expressionDialect(serviceDef.name)
  const values = valuesOf(text, dialect, reader)
  const options = { dialect, values, rowName: serviceDialect(serviceDef.name) === 'text' ? 'jsonAttr' : null }
  const read = readExpression(text, options, policyLabel(policy), path, problems)
  return read === null ? null : { ...read, undecidedDelete, isBeforeWhole }
}

/** Ranger's structures are filtered by JavaScript; what that shares with ours is read, the rest refused. */
function expressionDialect(serviceType: string): Dialect {
  const dialect = serviceDialect(serviceType)
  return dialect === 'text' ? 'scrim' : dialect
}

/** In the order of the text. Without a reader each stands for some text: whether the expression can be read depends on none. */
function valuesOf(text: string, dialect: Dialect, reader: Reader | null): readonly PlaceholderValue[] {
  const found = placeholdersIn(text, dialect)
  if ('fault' in found) return []
  const left = [...(reader?.placeholders ?? [])]
  return found.placeholders.flatMap(({ written }): PlaceholderValue[] => {
    if (reader === null) return ['']
    if (written === '{USER}') return [reader.user]
    const at = left.findIndex(one => one.written === written)
    const [bound] = at < 0 ? [] : left.splice(at, 1)
    // One value less than there are placeholders is refused, so nothing is taken for what is not known.
    return bound?.value == null ? [] : [bound.value]
  })
}

export const policyLabel = ({ service, zoneName, name }: RangerPolicy): string =>
  rangerPolicyName(service, zoneName, name)
