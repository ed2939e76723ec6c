import { ScrimError } from '../errors.ts'
import type { PolicyDocument } from '../policy/document.ts'
import type { AcceptedChange, PolicyChanged } from './policies.ts'
import { createExamination, type Examination, type ExaminationOptions } from './policy-examination.ts'
import type { VersionOrigin } from './policy-import.ts'
import type { PolicyVersion } from './ports/policies.ts'
import { documentsFrom, saysTheSame, withSource } from './ranger-documents.ts'
import type { RangerChange } from './ranger-source.ts'

/** What it takes to make a version of what a Ranger Admin says. */
export interface RangerIntakeOptions {
  readonly onLatest: (attempt: (base: PolicyVersion | null) => Promise<PolicyChanged>) => Promise<PolicyChanged>
  readonly accept: (
    base: PolicyVersion | null,
    documents: readonly PolicyDocument[],
    origin: VersionOrigin,
  ) => Promise<PolicyChanged>
  /** Takes the policy files into an empty store; POLICY_NONE where there are none. */
  readonly takeFiles: () => Promise<unknown>
}

/** Null where the set holds something else of the service than was expected: an older answer must not undo a newer one. */
export async function takeFromRanger(
  { service, before, documents, reason }: RangerChange,
  { onLatest, accept, takeFiles }: RangerIntakeOptions,
): Promise<AcceptedChange | null> {
  let isMoved = false
  const accepted = await onLatest(async base => {
    // Whichever comes first at a first start: a version that says nothing of what the files name would hold their topics.
    if (base === null && (await isFiled(takeFiles))) throw new ScrimError('POLICY_CONFLICT')
    const set = base?.documents ?? []
    isMoved = !saysTheSame(documentsFrom(set, service), before)
    if (isMoved) return { version: base?.version ?? 0, isNew: false, warnings: [] }
    const origin = { author: `ranger:${service}`, reason, origin: 'ranger', filesDigest: null } as const
    return accept(base, withSource(set, service, documents), origin)
  })
  return isMoved || 'proposal' in accepted ? null : accepted
}

/** What does not fit a schema refuses nothing that Ranger says: the stream holds the topics where that is met. */
export const examinationOfRanger = (options: ExaminationOptions): Examination =>
  createExamination({
    ...options,
    check: async (candidate, inForce) =>
      ((await options.check?.(candidate, inForce)) ?? []).map(misfit => ({ ...misfit, severity: 'warning' })),
  })

async function isFiled(takeFiles: () => Promise<unknown>): Promise<boolean> {
  try {
    await takeFiles()
    return true
  } catch (error) {
    if (error instanceof ScrimError && error.code === 'POLICY_NONE') return false
    throw error
  }
}
