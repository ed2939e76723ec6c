import { type Problem, ScrimError } from '../errors.ts'
import type { KeyRing, Plan, PlanSettings } from '../pipeline/plan.ts'
import type { PolicyDocument } from '../policy/document.ts'
import { everyMs, follow, type Followed } from './follow.ts'
import type { PlanHolder } from './mask-stream.ts'
import { createPlanInForce, type PoliciesStatus } from './plan-in-force.ts'
import { type PolicyEdit, patchDocument, patchSet, putDocument, removeDocument, replaceSet } from './policy-changes.ts'
import { createExamination, taken } from './policy-examination.ts'
import { loadPolicies } from './policy-load.ts'
import { createPolicyImport, type ImportReason, type VersionOrigin } from './policy-import.ts'
import { examinationOfRanger, takeFromRanger } from './ranger-intake.ts'
import { createRangerMaster } from './ranger-master.ts'
import type { RangerChange } from './ranger-source.ts'
import type { Log } from './ports/log.ts'
import { type Approval, createProposals, FILES, type ProposedChange, type Proposals } from './proposals.ts'
import type { PublishedKeys } from './published-keys.ts'
import type { PolicyCache, PolicyFiles, PolicyStore, PolicyVersion } from './ports/policies.ts'
import { diffVersions, type VersionDiff } from './version-diff.ts'

export interface PoliciesOptions {
  readonly store: PolicyStore
  readonly files: PolicyFiles
  readonly keys: KeyRing
  readonly settings: PlanSettings
  /** Services of a Ranger Admin that bring policies; a start without any waits for them. Left out: there are none. */
  readonly rangerServices?: readonly string[]
  /** Null: without the store a start is not ready until the store is there. */
  readonly cache: PolicyCache | null
  readonly metrics: PolicyMetrics
  readonly log: Log
  /** Left out: nothing is known of keys that were published. */
  readonly publishedKeys?: Pick<PublishedKeys, 'check' | 'assume' | 'columns' | 'forget'>
  /** Left out: nobody has to approve anything, and there are no proposals. */
  readonly approval?: Approval
  /** What else stands against a candidate, such as the schemas seen last; an error refuses it. `inForce` is null at first. */
  readonly check?: (candidate: Plan, inForce: Plan | null) => Promise<readonly Problem[]>
  /** How often the store is asked even when it told of no change: a watch may be cut without a sign. */
  readonly refreshMs?: number
  /** Longest pause between two attempts at a store that is away. */
  readonly retryMs?: number
  readonly now?: () => number
}

export interface PolicyMetrics {
  readonly reload: (outcome: 'accepted' | 'proposed' | 'unchanged' | 'refused') => void
  readonly policyVersion: (version: number) => void
}

/** Who changes what, and on which version: `*` takes whichever is the latest. */
export interface PolicyChange {
  readonly author: string
  readonly reason: string
  readonly ifMatch: number | '*'
  readonly requestId?: string | undefined
}

export interface AcceptedChange {
  readonly version: number
  /** False where the set says what it said before: no version was made. */
  readonly isNew: boolean
  readonly warnings: readonly Problem[]
}

/** What became of a change: it is in force, or it waits for a second person. */
export type PolicyChanged = AcceptedChange | ProposedChange

/** Who asks for something beside the set, and why. */
export interface PolicyOrder {
  readonly author: string
  readonly reason: string
  readonly requestId?: string | undefined
}

/** The plan in force and every way to change it. Stored versions are the truth; the plan is swapped whole. */
export interface Policies extends PlanHolder {
  /** Loads, then follows files and store until the signal; rejects when there is nothing that could be run. */
  readonly run: (signal: AbortSignal) => Promise<void>
  /** The version in force; null until the first is loaded. */
  readonly inForce: () => PolicyVersion | null
  readonly status: () => PoliciesStatus
  readonly list: PolicyStore['list']
  readonly get: PolicyStore['get']
  readonly diff: (from: number, to: number) => Promise<VersionDiff>
  readonly put: (name: string, document: unknown, change: PolicyChange) => Promise<PolicyChanged>
  readonly patch: (name: string, patch: unknown, change: PolicyChange) => Promise<PolicyChanged>
  readonly remove: (name: string, change: PolicyChange) => Promise<PolicyChanged>
  readonly replaceAll: (documents: unknown, change: PolicyChange) => Promise<PolicyChanged>
  readonly patchAll: (patch: unknown, change: PolicyChange) => Promise<PolicyChanged>
  /** Takes what a service of a Ranger Admin says; null where the set holds something else of it than was expected. */
  readonly takeRanger: (change: RangerChange) => Promise<AcceptedChange | null>
  /** Makes a new version that says what an older one said; of Ranger Admin what it says now. */
  readonly rollback: (version: number, change: PolicyChange) => Promise<PolicyChanged>
  /** Holds all instances at one stored version, whatever is added to the store; null lets the latest count again. */
  readonly pin: (version: number | null, by: PolicyOrder) => Promise<{ readonly version: number } | ProposedChange>
  readonly pinned: PolicyStore['pinned']
  /**
   * Somebody says that a masked topic, and what was loaded from it, is emptied: its key columns may go out in another form
   * from now on. The columns; REQUEST_NOT_FOUND where none was published.
   */
  readonly forgetKeys: (maskedTopic: string, by: PolicyOrder) => Promise<readonly string[] | ProposedChange>
  /** What waits, or waited, for a second person; null where nothing was said of the rule. */
  readonly proposals: Proposals | null
  /**
   * Reads the store and the files again; with `force` the files win over what REST changed since their last import. Held
   * partitions, of all instances, are looked at again whatever comes of it: the cause may have been removed elsewhere.
   */
  readonly reload: (how: ImportReason) => Promise<PolicyChanged>
}

const MAX_RACES = 10

export function createPolicies(options: PoliciesOptions): Policies {
  const { store, files, metrics, log, refreshMs = 15_000, retryMs = 5_000 } = options
  const inForce = createPlanInForce(options)
  const examination = createExamination({ ...options, inForce })
  const imports = createPolicyImport({ ...options, inForce, accept })
  const master = createRangerMaster(options.rangerServices ?? [])
  const ofRanger = examinationOfRanger({ ...options, inForce })
  const proposals =
    options.approval === undefined
      ? null
      : createProposals({ ...options.approval, policies: store, inForce, examination, followStore, inTurn, log })
  let turn: Promise<unknown> = Promise.resolve()

  /** Changes, imports and what the store tells come one after the other, so that an older set never ends up in force. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = turn.then(work)
    turn = mine.catch(() => undefined)
    return mine
  }

  /** What the store says now, in force. Null in an empty store. */
  async function followStore(): Promise<PolicyVersion | null> {
    const version = await store.current()
    if (version !== null) await inForce.adopt(version)
    return version
  }

  /** Compiles the whole candidate first; only what compiles is stored or proposed, and only what is stored comes in force. */
  async function accept(
    base: PolicyVersion | null,
    documents: readonly PolicyDocument[],
    { requestId, ...origin }: VersionOrigin,
  ): Promise<PolicyChanged> {
    const isRanger = origin.origin === 'ranger'
    const examined = await (isRanger ? ofRanger : examination).ofSet(base, documents)
    const { plan, patch, problems: warnings, changedKeys } = taken(examined)
    const baseVersion = base?.version ?? 0
    const isImport = origin.filesDigest !== null
    if (patch.length === 0 && base !== null && !isImport) return { version: baseVersion, isNew: false, warnings }
    // The first import has nobody to approve it and nothing that it could undo; files that say the same change nothing.
    const isFree = isImport && (base === null || patch.length === 0)
    if (!isFree && !isRanger && proposals?.isNeeded) {
      const { author, reason, ...set } = origin
      const wanted = { action: 'set', documents, ...set } as const
      return proposals.propose({ wanted, author, reason, requestId, baseVersion }, warnings)
    }
    const version = await store.add(baseVersion, { documents, patch, approver: null, ...origin })
    await inForce.swap(version, { ...plan, version: version.version }, changedKeys)
    return { version: version.version, isNew: true, warnings }
  }

  /** Another instance may add a version meanwhile: `attempt` is made again on top of it. */
  async function onLatest(attempt: (base: PolicyVersion | null) => Promise<PolicyChanged>): Promise<PolicyChanged> {
    for (let race = 1; ; race++) {
      const base = await followStore()
      try {
        return await attempt(base)
      } catch (error) {
        if (!(error instanceof ScrimError) || error.code !== 'POLICY_CONFLICT' || race === MAX_RACES) throw error
      }
    }
  }

  function change(edit: PolicyEdit, { ifMatch, ...by }: PolicyChange): Promise<PolicyChanged> {
    return inTurn(() =>
      onLatest(async base => {
        const version = base?.version ?? 0
        if (ifMatch !== '*' && ifMatch !== version)
          throw new ScrimError('REQUEST_CONFLICT', { path: `version ${version}` })
        return accept(base, edit(base?.documents ?? []), { ...by, origin: 'rest', filesDigest: null })
      }),
    )
  }

  async function reload(how: ImportReason): Promise<PolicyChanged> {
    try {
      const changed = await inTurn(() => onLatest(base => imports.take(base, how)))
      metrics.reload('proposal' in changed ? 'proposed' : changed.isNew ? 'accepted' : 'unchanged')
      return changed
    } catch (error) {
      imports.noteRefusal(error)
      throw error
    }
  }

  const fromFiles = { force: false, author: FILES, reason: 'the policy files were changed' }

  /** Here and in all other instances. A new plan is a look by itself. */
  async function lookAgain(before: Plan | null): Promise<void> {
    if (before !== null && before === inForce.current()) inForce.announce()
    await store.lookAgain()
  }

  const watchStore = (changed: () => void, signal: AbortSignal): Promise<void> =>
    store.watch(how => {
      if (how === 'look again') inForce.announce()
      changed()
    }, signal)

  const noteUnavailable = (error: unknown): void => {
    if (!(error instanceof ScrimError)) throw error
    if (error.kind === 'dependency') inForce.note({ code: error.code, problems: [] })
  }

  return {
    current: inForce.current,
    onChange: inForce.onChange,
    inForce: inForce.version,
    status: inForce.status,
    list: store.list,
    get: store.get,
    diff: (from, to) => diffVersions(store, from, to),
    put: (name, document, how) => change(master.guard(putDocument(name, document)), how),
    patch: (name, patch, how) => change(master.guard(patchDocument(name, patch)), how),
    remove: (name, how) => change(master.guard(removeDocument(name)), how),
    replaceAll: (documents, how) => change(master.keep(replaceSet(documents)), how),
    patchAll: (patch, how) => change(master.guard(patchSet(patch)), how),
    takeRanger: offered =>
      inTurn(() => takeFromRanger(offered, { onLatest, accept, takeFiles: () => imports.take(null, fromFiles) })),
    rollback: async (version, how) => {
      const wanted = await store.get(version)
      if (wanted === null) throw new ScrimError('REQUEST_NOT_FOUND', { path: `version ${version}` })
      return change(master.restore(wanted.documents), how)
    },
    pin: (version, by) =>
      inTurn(async () => {
        const wanted = version === null ? null : await store.get(version)
        if (wanted !== null) taken(await examination.ofVersion(wanted))
        else if (version !== null) throw new ScrimError('REQUEST_NOT_FOUND', { path: `version ${version}` })
        if (proposals?.isNeeded)
          return proposals.propose({ ...by, wanted: { action: 'pin', version }, baseVersion: null }, [])
        await store.pin(version, by)
        return { version: (await followStore())?.version ?? 0 }
      }),
    pinned: store.pinned,
    forgetKeys: (maskedTopic, by) =>
      inTurn(async () => {
        if (proposals?.isNeeded) {
          const known = (await options.publishedKeys?.columns(maskedTopic)) ?? []
          if (known.length === 0) throw new ScrimError('REQUEST_NOT_FOUND', { path: 'topic' })
          return proposals.propose({ ...by, wanted: { action: 'forget keys', maskedTopic }, baseVersion: null }, [])
        }
        const columns = (await options.publishedKeys?.forget(maskedTopic, by)) ?? []
        // Where a start waits for this it goes on at once; else the store is followed anyway.
        await followStore().catch(noteUnavailable)
        return columns
      }),
    proposals,
    reload: async how => {
      const before = inForce.current()
      const accepted = await reload(how).catch(async (error: unknown) => {
        await lookAgain(before).catch(() => undefined)
        throw error
      })
      await lookAgain(before)
      return accepted
    },
    run: async signal => {
      const isFed = (options.rangerServices ?? []).length > 0
      await loadPolicies(
        { followStore: () => inTurn(followStore), takeFiles: () => reload(fromFiles), inForce, isFed, log, retryMs },
        signal,
      )
      const followed: Followed[] = [
        { name: 'policy store', watch: watchStore, look: () => inTurn(followStore), onError: noteUnavailable },
        {
          name: 'policy schedule',
          watch: inForce.watchClock,
          look: () => inTurn(inForce.renew),
          onError: noteUnavailable,
        },
        { name: 'policy files', watch: files.watch, look: () => reload(fromFiles), onError: noteUnavailable },
        {
          name: 'policy refresh',
          watch: everyMs(refreshMs),
          look: () => inTurn(followStore),
          onError: noteUnavailable,
        },
      ]
      await Promise.all(followed.map(one => follow(one, log, signal)))
    },
  }
}
