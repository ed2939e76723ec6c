import { ScrimError } from '../errors.ts'
import { diffPolicies, diffText, type PolicyDiff } from '../policy/policy-diff.ts'
import type { PolicyStore, PolicyVersion } from './ports/policies.ts'

/** What differs between two stored versions, with a listing for people. */
export interface VersionDiff extends PolicyDiff {
  readonly text: () => string
}

/** REQUEST_NOT_FOUND where there is no such version. */
export async function diffVersions(store: Pick<PolicyStore, 'get'>, from: number, to: number): Promise<VersionDiff> {
  const needed = async (number: number): Promise<PolicyVersion> => {
    const found = await store.get(number)
    if (found === null) throw new ScrimError('REQUEST_NOT_FOUND', { path: `version ${number}` })
    return found
  }
  const [before, after] = [await needed(from), await needed(to)]
  const diff = diffPolicies(before.documents, after.documents)
  return { ...diff, text: () => diffText(diff, versionLabel(before), versionLabel(after)) }
}

/** Who said this when, and why. */
export function versionLabel({ version, author, approver, at, reason }: Omit<PolicyVersion, 'documents'>): string {
  const by = approver === null ? author : `${author}, approved by ${approver}`
  return `version ${version}  ${at.toISOString()}  ${by}${reason === '' ? '' : `: ${reason}`}`
}
