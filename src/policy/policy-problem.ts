import type { Problem } from '../errors.ts'

/** What is wrong with a policy document, at a path in it; an empty path stands for the whole of it. */
export const policyProblem = (code: Problem['code'], policy: string, path: string, detail?: string): Problem => ({
  code,
  severity: 'error',
  where: path === '' ? { policy } : { policy, path },
  ...(detail === undefined ? {} : { detail }),
})

/** The document has not the form of one. */
export const shapeProblem = (policy: string, path: string, detail: string): Problem =>
  policyProblem('POLICY_SHAPE', policy, path, detail)
