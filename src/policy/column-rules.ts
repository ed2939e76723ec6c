import type { Static } from 'typebox'
import { Value } from 'typebox/value'
import type { Problem } from '../errors.ts'
import type { PlaceholderValue } from '../pipeline/expression/expression.ts'
import { findMaskType } from '../pipeline/mask/mask-types.ts'
import { custom, type customParams } from '../pipeline/mask/types/custom.ts'
import type { Path } from '../pipeline/mask/inside/path.ts'
import type { ColumnRule, KeyRing } from '../pipeline/plan.ts'
import type { MaskingCondition, MaskingPolicyDocument } from './document.ts'
import { policyProblem } from './policy-problem.ts'
import { readExpression } from './row-rules.ts'
import { type FieldTarget, readSelector } from './selector.ts'

/** What one policy says of columns, in the order it says it. */
export interface PolicyRules {
  readonly columns: readonly { readonly column: string; readonly rule: ColumnRule }[]
  readonly wildcard: ColumnRule | null
  readonly inside: readonly NestedRule[]
  readonly problems: readonly Problem[]
}

/** What a policy says of a part of a column. */
export interface NestedRule {
  /** Null: of every column. */
  readonly column: string | null
  readonly path: Path
  readonly isGuess: boolean
  readonly rule: ColumnRule
}

/** Checks each condition of a policy by itself; all problems at once. */
export function readRules(document: MaskingPolicyDocument, keys: KeyRing): PolicyRules {
  const problems: Problem[] = []
  const columns: { column: string; rule: ColumnRule }[] = []
  const inside: NestedRule[] = []
  let wildcard: ColumnRule | null = null
  document.maskingPolicy.maskingConditions.forEach((condition, index) => {
    const path = `maskingPolicy.maskingConditions[${index}]`
    const rule = readRule(condition, document.name, path, keys, problems)
    const selector = readSelector(condition.field, condition.selectorDialect)
    if ('problem' in selector) {
      problems.push(policyProblem('POLICY_SELECTOR', document.name, `${path}.field`, selector.problem))
      return
    }
    if (rule === null) return
    const isElsewhere = ({ column, inside, isGuess }: FieldTarget): boolean =>
      !isGuess && (column === null || inside !== null)
    if (rule.custom !== null && selector.targets.some(isElsewhere)) {
      problems.push(policyProblem('POLICY_SELECTOR', document.name, `${path}.field`, 'an expression is for one column'))
      return
    }
    const keeps = rule.maskType.effect === 'keep'
    for (const { column, inside: nested, isGuess } of selector.targets) {
      if (column === null && keeps)
        problems.push(policyProblem('POLICY_WILDCARD_CLEARS', document.name, `${path}.maskType`))
      else if (nested !== null) {
        if (!(isGuess && (keeps || rule.custom !== null))) inside.push({ column, path: nested, isGuess, rule })
      } else if (column === null) wildcard ??= rule
      else columns.push({ column, rule })
    }
  })
  return { columns, wildcard, inside, problems }
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
  const { field: _field, selectorDialect: _dialect, maskType: name, ...params } = condition
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
  const { valueExpr, dialect = 'scrim', readsRaw = false } = params as CustomParams
  const read = readExpression(valueExpr, { dialect, values }, policy, `${path}.valueExpr`, problems)
  return read === null ? null : { maskType, params, policy, path, custom: { ...read, readsRaw } }
}

type CustomParams = Static<typeof customParams>

/** The key that a mask with these parameters takes, if it takes one. */
export const keyIdOf = (params: Readonly<Record<string, unknown>>): string =>
  typeof params.keyId === 'string' ? params.keyId : 'default'
