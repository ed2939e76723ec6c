import { PoliciesRefused, type Problem, type ScrimError } from '../errors.ts'

/** What a set was refused for, where that is nothing but key columns that would go out otherwise. */
export function changedKeysAlone(error: ScrimError): readonly Problem[] | null {
  const problems = error instanceof PoliciesRefused ? error.problems : []
  const errors = problems.filter(({ severity }) => severity === 'error')
  return errors.length > 0 && errors.every(({ code }) => code === 'POLICY_KEY_CHANGED') ? errors : null
}
