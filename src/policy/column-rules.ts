import type { Static } from 'typebox'
import { Value } from 'typebox/value'
import type { Problem } from '../errors.ts'
import type { PlaceholderValue } from '../pipeline/expression/expression.ts'
import { findMaskType } from '../pipeline/mask/mask-types.ts'
import { custom, type customParams } from '../pipeline/mask/types/custom.ts'
import type { ColumnRule, KeyRing } from '../pipeline/plan.ts'
import type { MaskingCondition, MaskingPolicyDocument } from './document.ts'
import { policyProblem } from './policy-problem.ts'
import { readExpression } from './row-rules.ts'
import { readSelector } from './selector.ts'

/** What one policy says of columns, in the order it says it. */
export interface PolicyRules {
  readonly columns: readonly { readonly column: string; readonly rule: ColumnRule }[]
  readonly wildcard: ColumnRule | null
  readonly problems: readonly Problem[]
}

/** Checks each condition of a policy by itself; all problems at once. */
export function readRules(document: MaskingPolicyDocument, keys: KeyRing): PolicyRules {
  const problems: Problem[] = []
  const columns: { column: string; rule: ColumnRule }[] = []
  let wildcard: ColumnRule | null = null
  document.maskingPolicy.maskingConditions.forEach((condition, index) => {
    const path = `maskingPolicy.maskingConditions[${index}]`
    const rule = readRule(condition, document.name, path, keys, problems)
    const selector = readSelector(condition.field)
    if (selector === null) {
      problems.push(policyProblem('POLICY_SELECTOR', document.name, `${path}.field`, 'names no single column'))
    } else if (rule !== null && selector.kind === 'column') columns.push({ column: selector.column, rule })
    else if (rule !== null && rule.maskType.effect === 'keep') {
      problems.push(policyProblem('POLICY_WILDCARD_CLEARS', document.name, `${path}.maskType`))
    } else if (rule !== null) wildcard ??= rule
  })
  return { columns, wildcard, problems }
}

/** One entry by itself; null where it is no rule, which `problems` then tells. */
export function readRule(
  condition: MaskingCondition,
  policy: string,
  path: string,
  keys: KeyRing,
  problems: Problem[],
  values: readonly PlaceholderValue[] = [],
): ColumnRule | null {
  const { field: _field, maskType: name, ...params } = condition
  const maskType = findMaskType(name, params)
  if (maskType === undefined) {
    problems.push(policyProblem('POLICY_UNKNOWN_MASK', policy, `${path}.maskType`))
    return null
  }
  const misfits = [...Value.Errors(maskType.params, params)]
  for (const { instancePath, message } of misfits) {
    problems.push(
      policyProblem('POLICY_MASK_PARAMETERS', policy, `${path}${instancePath.replaceAll('/', '.')}`, message),
    )
  }
  const keyId = keyIdOf(params)
  if (maskType.needsKey && keys.get(keyId) === undefined) {
    problems.push(policyProblem('POLICY_KEY_MISSING', policy, `${path}.keyId`, `key id ${keyId}`))
    return null
  }
  if (misfits.length > 0) return null
  if (maskType !== custom) return { maskType, params, policy, path, custom: null }
  const { valueExpr, dialect, readsRaw = false } = params as CustomParams
  const read = readExpression(valueExpr, dialect, policy, `${path}.valueExpr`, problems, values)
  return read === null ? null : { maskType, params, policy, path, custom: { ...read, readsRaw } }
}

type CustomParams = Static<typeof customParams>

/** The key that a mask with these parameters takes, if it takes one. */
export const keyIdOf = (params: Readonly<Record<string, unknown>>): string =>
  typeof params.keyId === 'string' ? params.keyId : 'default'
