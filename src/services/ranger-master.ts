import { ScrimError } from '../errors.ts'
import { isRanger, type PolicyDocument } from '../policy/document.ts'
import type { RangerDocument } from '../policy/ranger-document.ts'
import type { PolicyEdit } from './policy-changes.ts'
import { saysTheSame } from './ranger-documents.ts'

type Documents = readonly PolicyDocument[]

const isSourced = (document: PolicyDocument): document is RangerDocument =>
  isRanger(document) && document.source !== undefined

/** What of a set Ranger Admin has no say in. */
export const besideRanger = (documents: Documents): Documents => documents.filter(document => !isSourced(document))

/** What Ranger Admin is the master of; one change of it by others would be undone at the next poll. */
export interface RangerMaster {
  /** An edit that must not touch it. Documents of a service that is polled no longer may be removed. */
  readonly guard: (edit: PolicyEdit) => PolicyEdit
  /** An edit of the whole set, which keeps it: a caller who does not send it does not mean to remove it. */
  readonly keep: (edit: PolicyEdit) => PolicyEdit
  /** A set that was stored once, with what Ranger Admin says now. */
  readonly restore: (stored: Documents) => PolicyEdit
}

export function createRangerMaster(services: readonly string[]): RangerMaster {
  const isPolled = (document: PolicyDocument): boolean =>
    isSourced(document) && services.includes(document.source?.service ?? '')

  return {
    guard: edit => before => {
      const after = refuseForeign(before, edit(before))
      const removed = before.filter(({ name }) => !after.some(other => other.name === name)).find(isPolled)
      if (removed !== undefined) throw mastered(removed)
      return after
    },
    keep: edit => before => {
      const after = refuseForeign(before, edit(before))
      return [...after.filter(document => !isPolled(document)), ...before.filter(isPolled)]
    },
    restore: stored => before => [...stored.filter(document => !isPolled(document)), ...before.filter(isPolled)],
  }
}

/** Every document that names a source must be there just so: nobody else makes one. */
function refuseForeign(before: Documents, after: Documents): Documents {
  const was = new Map(before.map(document => [document.name, document]))
  const foreign = after.find(document => {
    const known = was.get(document.name)
    if (!isSourced(document)) return known !== undefined && isSourced(known)
    return known === undefined || !saysTheSame([known], [document])
  })
  if (foreign !== undefined) throw mastered(foreign)
  return after
}

/** The documents of the policy files beside those of Ranger Admin, which stay. */
export function filesBesideRanger(base: Documents, files: Documents): Documents {
  const foreign = files.find(isSourced)
  if (foreign !== undefined) throw mastered(foreign)
  return [...files, ...base.filter(isSourced)]
}

const mastered = ({ name }: PolicyDocument): ScrimError => new ScrimError('POLICY_RANGER_MASTER', { policy: name })
