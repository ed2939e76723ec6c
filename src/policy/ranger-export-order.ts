import type { MaskingPolicyDocument } from './document.ts'
import type { Lost } from './ranger-export.ts'
import { maskId, ruling } from './ranger-export-policy.ts'

/** More pairs are told as one. */
const MAX_COMPARISONS = 300_000

/** What masking policies say, and their form in Ranger does not, or says otherwise. */
export function unsaid(documents: readonly MaskingPolicyDocument[]): Lost[] {
  return [...documents.flatMap(ofOne), ...ofTwo(documents)]
}

function ofOne(document: MaskingPolicyDocument): Lost[] {
  const { name, tests, users = [], groups = [], roles = [], maskingPolicy } = document
  const { maskingConditions, rowFilter, projection } = maskingPolicy
  const isForAll = document.users === undefined && document.groups === undefined && document.roles === undefined
  const all: readonly (readonly [isLost: boolean, path: string, reason: string])[] = [
    [tests !== undefined, 'tests', 'Ranger has no tests of policies'],
    [projection !== undefined, 'maskingPolicy.projection', 'Ranger neither adds nor renames columns'],
    [maskingConditions.length === 0 && rowFilter === undefined, 'maskingPolicy', 'has neither masks nor a filter'],
    [!isForAll && [users, groups, roles].flat().length === 0, 'users', 'Ranger has no policies for nobody'],
    [users.some(user => user.includes('{')), 'users', 'a name in braces stands for others there'],
  ]
  return all.flatMap(([isLost, path, reason]) => (isLost ? [{ policy: name, path, reason }] : []))
}

/**
 * Ranger's policies go by priority and then by how closely they name a thing; ours by priority and then by what hides. Two
 * that may meet on a topic which they name differently would be weighed otherwise there.
 */
function ofTwo(documents: readonly MaskingPolicyDocument[]): Lost[] {
  const all = documents.map(document => ({ document, rules: ruling(document, []) }))
  const lost: Lost[] = []
  let comparisons = 0
  for (const [n, one] of all.entries()) {
    for (const other of all.slice(n + 1)) {
      if (++comparisons > MAX_COMPARISONS)
        return [...lost, { policy: one.document.name, path: '', reason: 'too many policies to compare their order' }]
      if (!mayMeet(one.document, other.document) || isAlike(one, other)) continue
      const reason = `policy ${other.document.name} is for the same topics, and Ranger would weigh the two otherwise`
      lost.push({ policy: one.document.name, path: 'resources.topic', reason })
    }
  }
  return lost
}

interface Ruled {
  readonly document: MaskingPolicyDocument
  readonly rules: ReturnType<typeof ruling>
}

/** Is there nothing on which the order of the two would tell? */
function isAlike(one: Ruled, other: Ruled): boolean {
  const [a, b] = [one.document, other.document]
  const isSamePlace = topicsOf(a).join() === topicsOf(b).join() && (a.service ?? '') === (b.service ?? '')
  const isSamePriority = (a.policyPriority ?? 0) === (b.policyPriority ?? 0)
  if (isSamePlace) return true
  if (a.maskingPolicy.rowFilter !== undefined && b.maskingPolicy.rowFilter !== undefined && isSamePriority) return false
  if (!isSamePriority) return true
  return [...one.rules].every(([column, mask]) => {
    const theirs = other.rules.get(column)
    return theirs === undefined || maskId(theirs) === maskId(mask)
  })
}

const topicsOf = ({ resources }: MaskingPolicyDocument): readonly string[] => [resources.topic].flat().toSorted()

const mayMeet = (a: MaskingPolicyDocument, b: MaskingPolicyDocument): boolean =>
  topicsOf(a).some(one => topicsOf(b).some(other => one === other || /[*?]/.test(one + other)))
