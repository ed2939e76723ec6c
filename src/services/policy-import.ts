import { errorCatalogue, PoliciesRefused, ScrimError } from '../errors.ts'
import type { PolicyDocument } from '../policy/document.ts'
import { diffDocuments } from '../policy/json-patch.ts'
import { logProblems, type PlanInForce } from './plan-in-force.ts'
import type { PolicyChanged, PolicyMetrics } from './policies.ts'
import { readFiles } from './policy-changes.ts'
import { besideRanger, filesBesideRanger } from './ranger-master.ts'
import type { Log } from './ports/log.ts'
import type { PolicyFiles, PolicyStore, PolicyVersion } from './ports/policies.ts'

export type VersionOrigin = Pick<PolicyVersion, 'author' | 'reason' | 'origin' | 'filesDigest'> & {
  readonly requestId?: string | undefined
}

export interface ImportReason {
  /** Over what REST changed since the last import. */
  readonly force: boolean
  readonly author: string
  readonly reason: string
  readonly requestId?: string | undefined
}

export interface PolicyImportOptions {
  readonly store: PolicyStore
  readonly files: PolicyFiles
  readonly inForce: Pick<PlanInForce, 'note'>
  readonly accept: (
    base: PolicyVersion | null,
    documents: readonly PolicyDocument[],
    origin: VersionOrigin,
  ) => Promise<PolicyChanged>
  readonly metrics: Pick<PolicyMetrics, 'reload'>
  readonly log: Log
}

/** How the policy files become a version. */
export interface PolicyImport {
  /** Files are taken only when they differ from those taken last, and never over what REST changed since (unless forced). */
  readonly take: (base: PolicyVersion | null, how: ImportReason) => Promise<PolicyChanged>
  /** Tells log, metrics and readiness that the files are not taken; a dependency that is away says nothing of them. */
  readonly noteRefusal: (error: unknown) => void
}

export function createPolicyImport({ store, files, inForce, accept, metrics, log }: PolicyImportOptions): PolicyImport {
  async function take(base: PolicyVersion | null, how: ImportReason): Promise<PolicyChanged> {
    const found = await files.read()
    const last = await store.lastImport()
    const isSame = last?.digest === found.digest
    // Another instance took the files after our look at the empty store: what it stored is still to be put in force.
    if (isSame && base === null) throw new ScrimError('POLICY_CONFLICT')
    if (isSame && !(how.force && last.version !== base?.version)) {
      inForce.note({ files: null })
      return { version: base?.version ?? 0, isNew: false, warnings: [] }
    }
    // An empty folder is a volume that was not mounted, or a set kept through REST alone; never a wish to hold everything.
    const isEmpty = found.files.length === 0 && found.problems.length === 0
    if (isEmpty && base !== null && !how.force) {
      inForce.note({ files: null })
      return { version: base.version, isNew: false, warnings: [] }
    }
    const documents = filesBesideRanger(base?.documents ?? [], readFiles(found))
    if (documents.length === 0) throw new ScrimError('POLICY_NONE')
    // The store would refuse them as well; said here, it goes before what forcing could cure.
    const pinned = await store.pinned()
    if (pinned !== null) throw new ScrimError('POLICY_PINNED', { path: `version ${pinned}` })
    const isWanted = how.force || base === null || (await isUntouched(base, last?.version ?? 0))
    if (!isWanted && diffDocuments(base.documents, documents).length > 0)
      throw new ScrimError('POLICY_FILES_STALE', { path: `version ${base.version}` })
    const accepted = await accept(base, documents, {
      author: how.author,
      reason: how.reason,
      requestId: how.requestId,
      origin: 'files',
      filesDigest: found.digest,
    })
    const proposal = 'proposal' in accepted ? { id: accepted.proposal.id, filesDigest: found.digest } : null
    inForce.note({ files: proposal === null ? null : { code: 'POLICY_APPROVAL_NEEDED', problems: [], proposal } })
    return accepted
  }

  /** Says the set what it said after an import, but for what a Ranger Admin changed since? */
  async function isUntouched(base: PolicyVersion, imported: number): Promise<boolean> {
    if (imported === base.version) return true
    const then = imported === 0 ? [] : ((await store.get(imported))?.documents ?? null)
    return then !== null && diffDocuments(besideRanger(then), besideRanger(base.documents)).length === 0
  }

  function noteRefusal(error: unknown): void {
    if (!(error instanceof ScrimError) || error.kind === 'dependency') return
    metrics.reload('refused')
    const problems = error instanceof PoliciesRefused ? error.problems : []
    inForce.note({ files: { code: error.code, problems } })
    logProblems(log, problems, 'the policy files are not taken')
    log.error({ code: error.code }, errorCatalogue[error.code].message)
  }

  return { take, noteRefusal }
}
