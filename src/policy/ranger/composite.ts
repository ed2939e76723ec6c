import { type AccessResult, emptyResult, setAllowed } from './access-result.ts'
import type { Evaluation } from './evaluate-policy.ts'

/**
 * The answer to a request from those for its accesses; null while it is open. Of a group one allowed access is enough,
 * and it is denied when all are; of several groups each has to be allowed.
 */
export function compositeResult(evaluation: Evaluation): AccessResult | null {
  const { accessTypes, accessGroups, asked } = evaluation
  const ignored = new Set(asked.request.accessesToIgnoreUnlessDenied ?? [])
  const mayBeOpen = (group: readonly string[]): boolean =>
    ignored.size > 0 && group.every(access => ignored.has(access))
  if (accessGroups.length === 0)
    return groupResult(accessTypes, evaluation) ?? (mayBeOpen(accessTypes) ? allowed() : null)

  let isOpen = false
  let first: AccessResult | null = null
  for (const group of accessGroups) {
    const result = groupResult(group, evaluation)
    if (result !== null && !result.isAllowed) return result
    if (result !== null) first ??= result
    else if (!mayBeOpen(group)) isOpen = true
  }
  if (isOpen) return null
  return first ?? allowed()
}

function groupResult(group: readonly string[], { ofAccess }: Evaluation): AccessResult | null {
  const results = group.map(access => ofAccess.get(access))
  const isAllowed = results.find(result => result?.isAllowed === true)
  if (isAllowed !== undefined) return isAllowed
  return results.length > 0 && results.every(result => result !== undefined) ? (results[0] ?? null) : null
}

function allowed(): AccessResult {
  const result = emptyResult()
  setAllowed(result, true)
  return result
}
