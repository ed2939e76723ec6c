import { errorCatalogue, PoliciesRefused, type Problem, ScrimError } from '../errors.ts'
import type { KeyRing, Plan, PlanSettings } from '../pipeline/plan.ts'
import type { Compiled } from '../policy/compile.ts'
import type { PolicyDocument } from '../policy/document.ts'
import { diffDocuments } from '../policy/json-patch.ts'
import { backOffMs, pause } from './back-off.ts'
import { changedKeysAlone } from './changed-keys.ts'
import { everyMs, follow, type Followed } from './follow.ts'
import type { PlanHolder } from './mask-stream.ts'
import { createPlanInForce, type PoliciesStatus } from './plan-in-force.ts'
import {
  type PolicyEdit,
  patchDocument,
  patchSet,
  putDocument,
  removeDocument,
  replaceSet,
  topicsLeft,
} from './policy-changes.ts'
import { createPolicyImport, type ImportReason, type VersionOrigin } from './policy-import.ts'
import { takeFromRanger, weighed } from './ranger-intake.ts'
import { createRangerMaster } from './ranger-master.ts'
import type { RangerChange } from './ranger-source.ts'
import type { Log } from './ports/log.ts'
import type { PublishedKeys } from './published-keys.ts'
import type { PolicyCache, PolicyFiles, PolicyStore, PolicyVersion } from './ports/policies.ts'

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
  readonly publishedKeys?: Pick<PublishedKeys, 'check' | 'assume' | 'forget'>
  /** What else stands against a candidate, such as the schemas seen last; an error refuses it. `inForce` is null at first. */
  readonly check?: (candidate: Plan, inForce: Plan | null) => Promise<readonly Problem[]>
  /** How often the store is asked even when it told of no change: a watch may be cut without a sign. */
  readonly refreshMs?: number
  /** Longest pause between two attempts at a store that is away. */
  readonly retryMs?: number
}

export interface PolicyMetrics {
  readonly reload: (outcome: 'accepted' | 'unchanged' | 'refused') => void
  readonly policyVersion: (version: number) => void
}

/** Who changes what, and on which version: `*` takes whichever is the latest. */
export interface PolicyChange {
  readonly author: string
  readonly reason: string
  readonly ifMatch: number | '*'
}

export interface AcceptedChange {
  readonly version: number
  /** False where the set says what it said before: no version was made. */
  readonly isNew: boolean
  readonly warnings: readonly Problem[]
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
  readonly put: (name: string, document: unknown, change: PolicyChange) => Promise<AcceptedChange>
  readonly patch: (name: string, patch: unknown, change: PolicyChange) => Promise<AcceptedChange>
  readonly remove: (name: string, change: PolicyChange) => Promise<AcceptedChange>
  readonly replaceAll: (documents: unknown, change: PolicyChange) => Promise<AcceptedChange>
  readonly patchAll: (patch: unknown, change: PolicyChange) => Promise<AcceptedChange>
  /** Takes what a service of a Ranger Admin says; null where the set holds something else of it than was expected. */
  readonly takeRanger: (change: RangerChange) => Promise<AcceptedChange | null>
  /** Makes a new version that says what an older one said; of Ranger Admin what it says now. */
  readonly rollback: (version: number, change: PolicyChange) => Promise<AcceptedChange>
  /** Holds all instances at one stored version, whatever is added to the store; null lets the latest count again. */
  readonly pin: (
    version: number | null,
    by: { readonly author: string; readonly reason: string },
  ) => Promise<{ readonly version: number }>
  readonly pinned: PolicyStore['pinned']
  /**
   * Somebody says that a masked topic, and what was loaded from it, is emptied: its key columns may go out in another form
   * from now on. The columns; REQUEST_NOT_FOUND where none was published.
   */
  readonly forgetKeys: PublishedKeys['forget']
  /**
   * Reads the store and the files again; with `force` the files win over what REST changed since their last import. Held
   * partitions, of all instances, are looked at again whatever comes of it: the cause may have been removed elsewhere.
   */
  readonly reload: (how: ImportReason) => Promise<AcceptedChange>
}

const MAX_RACES = 10
const nothing: Compiled = { plan: null, problems: [] }

export function createPolicies(options: PoliciesOptions): Policies {
  const { store, files, metrics, log, refreshMs = 15_000, retryMs = 5_000 } = options
  const inForce = createPlanInForce(options)
  const imports = createPolicyImport({ ...options, inForce, accept })
  const master = createRangerMaster(options.rangerServices ?? [])
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

  const keysChangedBy = async (candidate: Plan): Promise<readonly Problem[]> =>
    (await options.publishedKeys?.check(candidate, inForce.current())) ?? []

  /** Compiles the whole candidate first; only what compiles is stored, and only what is stored comes in force. */
  async function accept(
    base: PolicyVersion | null,
    documents: readonly PolicyDocument[],
    origin: VersionOrigin,
  ): Promise<AcceptedChange> {
    const before = base?.documents ?? []
    const baseVersion = base?.version ?? 0
    const compiled = inForce.compile(documents, baseVersion + 1)
    const { plan } = compiled
    if (plan === null) throw new PoliciesRefused(compiled.problems)
    const changedKeys = await keysChangedBy(plan)
    const misfits = weighed((await options.check?.(plan, inForce.current())) ?? [], origin)
    const problems = [...compiled.problems, ...misfits, ...changedKeys]
    if (problems.some(({ severity }) => severity === 'error')) throw new PoliciesRefused(problems)
    const warnings = [...problems, ...topicsLeft(before, documents, plan)]
    const patch = diffDocuments(before, documents)
    const isImport = origin.filesDigest !== null
    if (patch.length === 0 && base !== null && !isImport) return { version: baseVersion, isNew: false, warnings }
    const version = await store.add(baseVersion, { documents, patch, ...origin })
    await inForce.swap(version, { ...plan, version: version.version }, changedKeys)
    return { version: version.version, isNew: true, warnings }
  }

  /** Another instance may add a version meanwhile: `attempt` is made again on top of it. */
  async function onLatest(attempt: (base: PolicyVersion | null) => Promise<AcceptedChange>): Promise<AcceptedChange> {
    for (let race = 1; ; race++) {
      const base = await followStore()
      try {
        return await attempt(base)
      } catch (error) {
        if (!(error instanceof ScrimError) || error.code !== 'POLICY_CONFLICT' || race === MAX_RACES) throw error
      }
    }
  }

  function change(edit: PolicyEdit, { author, reason, ifMatch }: PolicyChange): Promise<AcceptedChange> {
    return inTurn(() =>
      onLatest(async base => {
        const version = base?.version ?? 0
        if (ifMatch !== '*' && ifMatch !== version)
          throw new ScrimError('REQUEST_CONFLICT', { path: `version ${version}` })
        return accept(base, edit(base?.documents ?? []), { author, reason, origin: 'rest', filesDigest: null })
      }),
    )
  }

  async function reload(how: ImportReason): Promise<AcceptedChange> {
    try {
      const accepted = await inTurn(() => onLatest(base => imports.take(base, how)))
      metrics.reload(accepted.isNew ? 'accepted' : 'unchanged')
      return accepted
    } catch (error) {
      imports.noteRefusal(error)
      throw error
    }
  }

  const fromFiles = { force: false, author: 'files', reason: 'the policy files were changed' }

  /** Tries until the store answers; meanwhile the cache serves, never older files. */
  async function load(signal: AbortSignal): Promise<void> {
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        const stored = await inTurn(followStore)
        await reload(fromFiles).catch((error: unknown) => {
          if (inForce.current() === null || !(error instanceof ScrimError) || error.kind === 'dependency') throw error
        })
        if (inForce.current() !== null) return
        throw new PoliciesRefused(stored === null ? [] : inForce.compile(stored.documents, stored.version).problems)
      } catch (error) {
        if (!(error instanceof ScrimError)) throw error
        // Keys that were changed can be let go by a call to this instance only if it lives.
        const changed = changedKeysAlone(error)
        if (changed !== null) inForce.note({ code: 'POLICY_KEY_CHANGED', problems: changed })
        const isFed = error.code === 'POLICY_NONE' && (options.rangerServices ?? []).length > 0
        if (isFed && inForce.current() === null) inForce.note({ code: 'POLICY_NOT_LOADED', files: null, problems: [] })
        const waits = inForce.current() === null && (isFed || inForce.status().code === 'POLICY_KEY_CHANGED')
        if (error.kind !== 'dependency' && !waits) throw error
        if (error.kind === 'dependency') {
          if (inForce.current() === null) await inForce.adoptCached()
          inForce.note({ code: error.code, problems: [] })
        }
        log.warn({ code: error.code, attempt }, errorCatalogue[error.code].message)
        await pause(backOffMs(attempt, { mostMs: retryMs }), signal)
      }
    }
  }

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
        // One that this release cannot run would leave all instances with what they have, and the next start with nothing.
        const { plan, problems } = wanted === null ? nothing : inForce.compile(wanted.documents, wanted.version)
        const found = [...problems, ...(plan === null ? [] : await keysChangedBy(plan))]
        if (found.some(({ severity }) => severity === 'error')) throw new PoliciesRefused(found)
        await store.pin(version, by)
        return { version: (await followStore())?.version ?? 0 }
      }),
    pinned: store.pinned,
    forgetKeys: (maskedTopic, by) =>
      inTurn(async () => {
        const columns = (await options.publishedKeys?.forget(maskedTopic, by)) ?? []
        // Where a start waits for this it goes on at once; else the store is followed anyway.
        await followStore().catch(noteUnavailable)
        return columns
      }),
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
      await load(signal)
      const followed: Followed[] = [
        { name: 'policy store', watch: watchStore, look: () => inTurn(followStore), onError: noteUnavailable },
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
