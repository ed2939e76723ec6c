import type { Problem } from '../errors.ts'
import type { Path } from '../pipeline/mask/inside/path.ts'
import { policyProblem } from './policy-problem.ts'
import { policyLabel } from './ranger-rules.ts'
import type { TableMap } from './ranger-tables.ts'
import type { RangerPolicy } from './ranger/policy.ts'
import { readSelector } from './selector.ts'

/** What a value of the resource that stands for columns names: a column, a part of one, or all of them. */
export interface NamedField {
  /** As the policy has it, and as the engine is asked for it. */
  readonly written: string
  /** Null: every column. */
  readonly column: string | null
  /** Null: the column as a whole. */
  readonly inside: Path | null
}

/** Patterns of names are left out: they are the engine's, which is asked with the names that records have. */
export function namedFields(policy: RangerPolicy, { column: resource }: TableMap): readonly NamedField[] {
  return valuesOf(policy, resource).flatMap((written): NamedField[] => {
    if (isPattern(written)) return []
    if (!isPath(written)) return [{ written, column: written, inside: null }]
    const read = readSelector(written)
    if ('problem' in read) return []
    return read.targets.filter(({ isGuess }) => !isGuess).map(({ column, inside }) => ({ written, column, inside }))
  })
}

/** Values that look like paths and cannot be followed: taken for names of columns they would hide nothing. */
export function fieldProblems(policy: RangerPolicy, { column }: TableMap): readonly Problem[] {
  const problem = (detail: string): Problem =>
    policyProblem('POLICY_SELECTOR', policyLabel(policy), `resources.${column ?? ''}`, detail)
  const excluding = policy.resourceSets.some(set => {
    const resource = column === null ? undefined : set.get(column)
    return resource?.isExcludes === true && resource.values.some(isPath)
  })
  const unread = valuesOf(policy, column).flatMap((written): Problem[] => {
    if (!isPath(written) || isPattern(written)) return []
    const read = readSelector(written)
    if ('problem' in read) return [problem(read.problem)]
    const isOfPatterns = read.targets.some(target => target.column !== null && /[*?]/.test(target.column))
    return isOfPatterns ? [problem('names parts of columns by a pattern of names')] : []
  })
  return [...unread, ...(excluding ? [problem('parts of columns cannot be excluded')] : [])]
}

const isPath = (value: string): boolean => /[.[]|^\$/.test(value)
const isPattern = (value: string): boolean =>
  value === '' || value.includes('{') || (!isPath(value) && /[*?]/.test(value))

function valuesOf({ policyType, resourceSets }: RangerPolicy, column: string | null): readonly string[] {
  if (policyType !== 1 || column === null) return []
  return resourceSets.flatMap(set => {
    const resource = set.get(column)
    return resource === undefined || resource.isExcludes ? [] : resource.values
  })
}
