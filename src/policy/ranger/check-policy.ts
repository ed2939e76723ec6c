import type { ErrorCode, Problem } from '../../errors.ts'
import { policyProblem } from '../policy-problem.ts'
import { checkSchedule } from './check-validity.ts'
import type { CompiledPolicy } from './compiled-policy.ts'
import { compileCondition } from './condition.ts'
import { expressionText } from './expression-text.ts'
import { type Condition, type PolicyItem, policyLabel, type RangerPolicy } from './policy.ts'
import { hasExpressions } from './value-matcher.ts'
import { resourcesFor, type ServiceDef } from './service-def.ts'

type Report = (code: ErrorCode, path: string, detail: string, severity?: Problem['severity']) => void

/** What Ranger would pass over in silence, or take for true: each is a problem of the policy. */
export function checkPolicies(
  policies: readonly CompiledPolicy[],
  serviceDef: ServiceDef,
  component: ServiceDef,
): readonly Problem[] {
  return policies.flatMap(policy => {
    const problems: Problem[] = []
    const report: Report = (code, path, detail, severity = 'error') => {
      problems.push({ ...policyProblem(code, policyLabel(policy.policy), path, detail), severity })
    }
    checkResources(policy, serviceDef, report)
    checkItems(policy.policy, component, report)
    checkConditions(policy.policy.conditions, 'conditions', serviceDef, report)
    for (const { path, item } of allItems(policy.policy)) {
      checkConditions(item.conditions, `${path}.conditions`, serviceDef, report)
    }
    policy.policy.validitySchedules.forEach((schedule, at) => {
      for (const fault of checkSchedule(schedule)) report('POLICY_VALIDITY', `validitySchedules[${at}]`, fault)
    })
    if (policy.policy.isDenyAllElse && policy.policy.deny.length > 0) {
      report('POLICY_SHAPE', 'isDenyAllElse', 'it cannot stand beside deny items')
    }
    return problems
  })
}

function checkResources({ policy, matchers, isTag }: CompiledPolicy, serviceDef: ServiceDef, report: Report): void {
  const path = (at: number): string => (at === 0 ? 'resources' : `additionalResources[${at - 1}]`)
  const known = resourcesFor(serviceDef, isTag ? 0 : policy.policyType)
  if (known.length === 0) {
    const section = policy.policyType === 1 ? 'masks' : 'row filters'
    // Without items it asks for nothing that could be missed; Ranger's own files have such policies.
    const isIdle = policy.masks.length + policy.filters.length === 0
    const detail = `the service-def ${serviceDef.name} knows no ${section}`
    report('POLICY_RESOURCE', 'policyType', detail, isIdle ? 'warning' : 'error')
    return
  }
  policy.resourceSets.forEach((set, at) => {
    const unknown = [...set.keys()].filter(name => !known.some(def => def.name === name))
    for (const name of unknown) report('POLICY_RESOURCE', `${path(at)}.${name}`, 'the service-def has no such resource')
    if (unknown.length === 0 && matchers[at]?.isValid !== true) {
      report('POLICY_RESOURCE', path(at), 'the resources form no chain of the service-def, or leave a gap in one')
    }
    for (const [name, { values }] of set) {
      if (values.length === 0 || values.some(value => value.trim() === '')) {
        report('POLICY_RESOURCE', `${path(at)}.${name}`, 'a value is missing or blank')
      }
      for (const [valueAt, value] of values.entries())
        checkText(value, `${path(at)}.${name}.values[${valueAt}]`, report)
    }
  })
}

interface NamedItem {
  readonly path: string
  readonly item: PolicyItem
}

const allItems = (policy: RangerPolicy): readonly NamedItem[] =>
  (
    [
      ['policyItems', policy.allow],
      ['denyPolicyItems', policy.deny],
      ['allowExceptions', policy.allowExceptions],
      ['denyExceptions', policy.denyExceptions],
      ['dataMaskPolicyItems', policy.masks],
      ['rowFilterPolicyItems', policy.filters],
    ] as const
  ).flatMap(([name, items]) => items.map((item, at) => ({ path: `${name}[${at}]`, item })))

function checkItems(policy: RangerPolicy, component: ServiceDef, report: Report): void {
  const accessTypes = new Set([...component.accessTypes, ...component.markerTypes].map(({ name }) => name))
  for (const { path, item } of allItems(policy)) {
    if (item.users.length + item.groups.length + item.roles.length === 0) {
      report('POLICY_PRINCIPALS', path, 'it names no user, group or role, so it concerns nobody', 'warning')
    }
    item.accesses.forEach(({ type }, at) => {
      if (!accessTypes.has(type)) report('POLICY_ACCESS_TYPE', `${path}.accesses[${at}]`, `${type} is not known`)
    })
  }
  policy.masks.forEach(({ mask }, at) => {
    const path = `dataMaskPolicyItems[${at}].dataMaskInfo`
    const isKnown = mask !== null && component.dataMask?.maskTypes.has(mask.maskType) === true
    if (policy.policyType === 1 && component.dataMask !== null && !isKnown) {
      report('POLICY_UNKNOWN_MASK', path, mask === null ? 'there is none' : `${mask.maskType} is not known`)
    }
    checkText(mask?.valueExpr ?? '', `${path}.valueExpr`, report)
    checkText(mask?.conditionExpr ?? '', `${path}.conditionExpr`, report)
  })
  policy.filters.forEach(({ filterExpr }, at) => {
    checkText(filterExpr ?? '', `rowFilterPolicyItems[${at}].rowFilterInfo.filterExpr`, report)
  })
}

function checkText(text: string, path: string, report: Report): void {
  if (!hasExpressions(text)) return
  const { fault } = expressionText(text)
  if (fault !== null)
    report('POLICY_CONDITION', path, `the expression is not supported: ${fault.what} (at ${fault.at})`)
}

function checkConditions(conditions: readonly Condition[], path: string, serviceDef: ServiceDef, report: Report): void {
  conditions.forEach((condition, at) => {
    const read = compileCondition(condition, serviceDef, 'GMT')
    if ('fault' in read) report('POLICY_CONDITION', `${path}[${at}]`, read.fault)
  })
}
