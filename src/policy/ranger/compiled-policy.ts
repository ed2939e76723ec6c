import { compileCondition, type CompiledCondition } from './condition.ts'
import { type ExpressionText, expressionText } from './expression-text.ts'
import { type CompiledItem, compileItem, type ImpliedGrants } from './item.ts'
import type { Condition, FilterItem, MaskItem, PolicyItem, RangerPolicy } from './policy.ts'
import { type HierarchyIndex, type PolicyMatcher, policyMatcher } from './policy-matcher.ts'
import type { ServiceDef } from './service-def.ts'
import { compileValidity, type Validity } from './validity.ts'

/** A policy ready to be asked. */
export interface CompiledPolicy {
  readonly policy: RangerPolicy
  readonly isTag: boolean
  /** One for each set of resources; one that matches is enough. */
  readonly matchers: readonly PolicyMatcher[]
  readonly validity: Validity
  readonly conditions: readonly CompiledCondition[]
  readonly allow: readonly CompiledItem[]
  readonly deny: readonly CompiledItem[]
  readonly allowExceptions: readonly CompiledItem[]
  readonly denyExceptions: readonly CompiledItem[]
  readonly masks: readonly CompiledItem<MaskItem>[]
  readonly filters: readonly CompiledItem<FilterItem>[]
  /** The texts of items that hold `${{...}}`, by the text. */
  readonly texts: ReadonlyMap<string, ExpressionText>
  /** It may deny, so it is looked at before those that may not. */
  readonly hasDeny: boolean
}

export interface PolicySetting {
  readonly serviceDef: ServiceDef
  readonly hierarchies: HierarchyIndex
  readonly implied: ImpliedGrants
  readonly isTag: boolean
  readonly defaultZone: string
  /** Null: each schedule's own zone. */
  readonly recurrenceZone: string | null
}

export function compilePolicy(policy: RangerPolicy, setting: PolicySetting): CompiledPolicy {
  const conditions = (all: readonly Condition[]): readonly CompiledCondition[] =>
    all.flatMap(condition => {
      const read = compileCondition(condition, setting.serviceDef, setting.defaultZone)
      // What cannot be read has been reported by checkPolicy; strict readers refuse the policy for it.
      return 'fault' in read ? [] : [read.condition]
    })
  const items = <T extends PolicyItem>(all: readonly T[]): readonly CompiledItem<T>[] =>
    all.map((item, index) => compileItem(item, index, setting.implied, conditions(item.conditions)))
  const isType = (type: number): boolean => policy.policyType === type
  const canDeny = isType(0) && setting.serviceDef.enableDenyAndExceptions
  const texts = [
    ...policy.masks.flatMap(({ mask }) => [mask?.valueExpr, mask?.conditionExpr]),
    ...policy.filters.map(({ filterExpr }) => filterExpr),
  ].flatMap(text => (text?.includes('${{') === true ? [text] : []))
  return {
    policy,
    isTag: setting.isTag,
    matchers: policy.resourceSets.map(set =>
      policyMatcher(set, setting.hierarchies[setting.isTag ? 0 : policy.policyType]),
    ),
    validity: compileValidity(policy.validitySchedules, setting.recurrenceZone),
    conditions: conditions(policy.conditions),
    allow: isType(0) ? items(policy.allow) : [],
    deny: canDeny ? items(policy.deny) : [],
    allowExceptions: canDeny ? items(policy.allowExceptions) : [],
    denyExceptions: canDeny ? items(policy.denyExceptions) : [],
    masks: isType(1) ? items(policy.masks) : [],
    filters: isType(2) ? items(policy.filters) : [],
    texts: new Map(texts.map(text => [text, expressionText(text)])),
    hasDeny: policy.isDenyAllElse || policy.deny.length > 0,
  }
}

/** Access types with those they imply, markers such as `_read` included. */
export const impliedGrants = (serviceDef: ServiceDef): ImpliedGrants =>
  new Map(
    [...serviceDef.accessTypes, ...serviceDef.markerTypes]
      .filter(({ impliedGrants: grants }) => grants.length > 0)
      .map(({ name, impliedGrants: grants }) => [name, grants]),
  )
