import { findMaskType } from '../pipeline/mask/mask-types.ts'
import type { MaskingCondition, MaskingPolicyDocument } from './document.ts'
import type { Lost } from './ranger-export.ts'
import { OWN_OPTIONS, OWN_SERVICE_TYPE, rangerMaskName } from './ranger-own.ts'
import { readSelector } from './selector.ts'

/** An item of Ranger's has one mask, so the columns of a policy with the same mask become one policy there; its filter one more. */
export function fromMaskingPolicy(document: MaskingPolicyDocument, lost: Lost[]): object[] {
  const { name, maskingPolicy } = document
  const { rowFilter, unknownColumns, toast } = maskingPolicy
  const groups = [...byMask(ruling(document, lost)).values()]
  const ofAll = { ...(unknownColumns && { unknownColumns }), ...(toast && { toast }) }
  const masks = groups.map(({ condition, fields }, index) => {
    const { field: _field, selectorDialect: _dialect, maskType, ...params } = condition
    const { valueExpr, ...others }: Readonly<Record<string, unknown>> = params
    const isCustom = rangerMaskName(maskType) === 'CUSTOM'
    return {
      ...common(document, groups.length === 1 ? name : `${name} #${String(index + 1).padStart(4, '0')}`),
      policyType: 1,
      resources: { ...topics(document), field: { values: fields } },
      dataMaskPolicyItems: [
        {
          ...readers(document),
          dataMaskInfo: { dataMaskType: rangerMaskName(maskType), ...(isCustom && { valueExpr }) },
        },
      ],
      options: { [OWN_OPTIONS]: { params: isCustom ? others : params, ...ofAll } },
    }
  })
  if (rowFilter === undefined) return masks
  const { filterExpr, ...more } = rowFilter
  const rows = {
    ...common(document, `${name} #rows`),
    policyType: 2,
    resources: topics(document),
    rowFilterPolicyItems: [{ ...readers(document), rowFilterInfo: { filterExpr } }],
    options: { [OWN_OPTIONS]: { ...more, ...ofAll } },
  }
  return [...masks, rows]
}

const common = (document: MaskingPolicyDocument, name: string): object => ({
  service: document.service ?? 'kafka',
  serviceType: OWN_SERVICE_TYPE,
  name,
  description: document.description ?? '',
  policyPriority: document.policyPriority ?? 0,
  isEnabled: document.isEnabled ?? true,
  isAuditEnabled: true,
})

const topics = ({ resources }: MaskingPolicyDocument): object => ({ topic: { values: [resources.topic].flat() } })

function readers({ users, groups, roles }: MaskingPolicyDocument): object {
  const isForAll = users === undefined && groups === undefined && roles === undefined
  return {
    accesses: [{ type: 'consume', isAllowed: true }],
    users: users ?? [],
    groups: isForAll ? ['public'] : (groups ?? []),
    roles: roles ?? [],
  }
}

/** For each column the entry that decides: the first, but what hides goes before what leaves in clear. `*` is for all others. */
export function ruling({ name, maskingPolicy }: MaskingPolicyDocument, lost: Lost[]): Map<string, MaskingCondition> {
  const found = new Map<string, MaskingCondition>()
  for (const [index, condition] of maskingPolicy.maskingConditions.entries()) {
    const lose = (reason: string): void =>
      void lost.push({ policy: name, path: `maskingPolicy.maskingConditions[${index}]`, reason })
    const selector = readSelector(condition.field, condition.selectorDialect)
    if ('problem' in selector) {
      lose('cannot be read')
      continue
    }
    for (const { column, inside, isGuess } of selector.targets) {
      if (isGuess) continue
      if (inside !== null) lose("is for a part of a column, and Ranger's fields are whole columns")
      else if (column !== null && !isSayable(column)) lose('the name of the column is a pattern or a path there')
      else {
        if (column === null) lose('is for columns that nothing knows; there it is for all that no policy spells out')
        const first = found.get(column ?? '*')
        if (first === undefined || (!hides(first) && hides(condition))) found.set(column ?? '*', condition)
      }
    }
  }
  return found
}

const isSayable = (column: string): boolean => column !== '' && column === column.trim() && !/[*?{}$\\.[]/.test(column)

export const hides = ({ maskType }: MaskingCondition): boolean => findMaskType(maskType)?.effect !== 'keep'

function byMask(rules: ReadonlyMap<string, MaskingCondition>) {
  const groups = new Map<string, { readonly condition: MaskingCondition; readonly fields: string[] }>()
  for (const [column, condition] of rules) {
    const id = maskId(condition)
    const known = groups.get(id)
    if (known === undefined) groups.set(id, { condition, fields: [column] })
    else known.fields.push(column)
  }
  return groups
}

/** Alike where the masks are. */
export function maskId({ field: _field, selectorDialect: _dialect, ...mask }: MaskingCondition): string {
  return JSON.stringify(Object.entries(mask).sort(([a], [b]) => (a < b ? -1 : 1)))
}
