import { type ErrorCode, errorCatalogue, PoliciesRefused, ScrimError } from '../errors.ts'
import type { PolicyDocument } from '../policy/document.ts'
import type { RangerDocument } from '../policy/ranger-document.ts'
import { readDocuments } from '../policy/read-documents.ts'
import { pause } from './back-off.ts'
import { afterFailure, circuitState, closedCircuit } from './circuit.ts'
import { classOf } from './follow.ts'
import { logProblems } from './plan-in-force.ts'
import type { Log } from './ports/log.ts'
import type { PolicyVersion } from './ports/policies.ts'
import { type RangerAdmin, type RangerCache, type RangerDownload, rangerDownloads } from './ports/ranger.ts'
import { askService, type RangerMemory } from './ranger-ask.ts'
import type { Dependency } from './ports/watching.ts'
import {
  documentOf,
  documentsFrom,
  isGone,
  type RangerNews,
  rangerFault,
  renewed,
  saysTheSame,
  usersOfViews,
  versionOf,
} from './ranger-documents.ts'

/** What a service of a Ranger Admin says now, in place of what it said before. */
export interface RangerChange {
  readonly service: string
  /** What the set held of the service when it was asked. */
  readonly before: readonly RangerDocument[]
  readonly documents: readonly RangerDocument[]
  readonly reason: string
}

export interface RangerSourceOptions {
  readonly admin: RangerAdmin
  readonly services: readonly string[]
  readonly policies: {
    readonly inForce: () => PolicyVersion | null
    /** Null: the set holds something else of the service than `before`; it has to be looked at again. */
    readonly takeRanger: (change: RangerChange) => Promise<{ readonly version: number; readonly isNew: boolean } | null>
  }
  readonly cache: RangerCache | null
  readonly pollMs: number
  readonly metrics: RangerMetrics
  readonly log: Log
  readonly now?: () => number
  readonly random?: () => number
}

export type RangerLook = 'new' | 'same' | 'refused' | 'failed'

export interface RangerMetrics {
  readonly rangerLook: (service: string, outcome: RangerLook, policyVersion: number | null) => void
}

/** How one service stands, for readiness. */
export interface RangerServiceStatus {
  readonly service: string
  /** The number that Ranger gave the policies in force; null: there are none. */
  readonly policyVersion: number | null
  /** Why what Ranger says now is not in force; null where it is. */
  readonly code: ErrorCode | null
  readonly path: string
  readonly since: Date
}

export interface RangerSource {
  /** Polls until the signal. */
  readonly run: (signal: AbortSignal) => Promise<void>
  /** One look at each service; what `run` does again and again. */
  readonly look: (signal: AbortSignal) => Promise<void>
  readonly status: () => readonly RangerServiceStatus[]
  readonly dependency: () => Dependency
}

const FAILURES_UNTIL_OPEN = 3
const LONGEST_OPEN_MS = 600_000

/**
 * Brings what the services of a Ranger Admin say into the set, a version for each change, by whichever instance comes first.
 * An answer that is none changes nothing; a service that Ranger does not know keeps its topics waiting.
 */
export function createRangerSource(options: RangerSourceOptions): RangerSource {
  const { admin, services, policies, cache, pollMs, metrics, log, now = Date.now, random = Math.random } = options
  const limits = { failures: FAILURES_UNTIL_OPEN, firstMs: pollMs, mostMs: Math.max(pollMs, LONGEST_OPEN_MS) }
  const memories = new Map<string, RangerMemory>(
    services.map(service => [service, { isRead: false, users: null, activatedAt: 0 }]),
  )
  const statuses = new Map<string, RangerServiceStatus>()
  let circuit = closedCircuit
  let dependency: Dependency = { name: 'ranger', up: true, code: null, since: new Date(now()) }

  const stored = (service: string): readonly RangerDocument[] =>
    documentsFrom(policies.inForce()?.documents ?? [], service)

  async function bring(
    service: string,
    before: readonly RangerDocument[],
    documents: readonly RangerDocument[],
    reason: string,
  ): Promise<RangerLook> {
    if (saysTheSame(before, documents)) return 'same'
    const { problems } = readDocuments(documents, service)
    if (problems.length > 0) throw new PoliciesRefused(problems)
    const taken = await policies.takeRanger({ service, before, documents, reason })
    if (taken === null || !taken.isNew) return 'same'
    log.info({ service, version: taken.version, reason }, 'policies of a Ranger Admin in force')
    return 'new'
  }

  async function lookAt(service: string, memory: RangerMemory, signal: AbortSignal): Promise<RangerLook> {
    const before = stored(service)
    const found = await askService(admin, service, before, memory, signal)
    if (found?.users != null) memory.users = found.users
    const users = memory.users === null ? null : usersOfViews(memory.users, policies.inForce()?.documents ?? [])
    const news = found === null ? null : { ...found, users }
    const documents = renewed(before, service, news ?? noNews, news === null)
    const outcome = await bring(service, before, documents, reasonOf(documents))
    if (news === null || isGone(documents)) {
      await cache?.forget(service)
      memory.isRead = false
      throw new ScrimError(documents.length === 0 ? 'RANGER_SERVICE_MISSING' : 'RANGER_SERVICE_GONE', {
        path: news === null ? 'unknown' : 'without policies',
      })
    }
    memory.isRead = true
    if (outcome === 'new') memory.activatedAt = now()
    await keep(service, { ...news, users: found?.users ?? null })
    return outcome
  }

  async function keep(service: string, news: RangerNews): Promise<void> {
    if (cache === null) return
    try {
      for (const what of rangerDownloads) {
        const json = news[what]
        if (json !== null) await cache.save(service, what, json)
      }
    } catch (error) {
      log.warn({ service, error: classOf(error) }, 'the downloads of a Ranger Admin could not be kept')
    }
  }

  /** Only where no stored version has anything of the service: what is stored is newer, or wanted so. */
  async function lookIntoCache(service: string): Promise<void> {
    if (cache === null || stored(service).length > 0) return
    const found = await cache.load(service)
    if (found === null) return
    const { policies: kept, roles = null, users = null, tags = null } = found
    const isRight = rangerDownloads.every(what => {
      const json = found[what]
      return json === undefined || rangerFault(what, service, json) === null
    })
    if (!isRight) return
    const ofViews = users === null ? null : usersOfViews(users, policies.inForce()?.documents ?? [])
    const documents = renewed([], service, { policies: kept, roles, users: ofViews, tags }, false)
    await bring(service, [], documents, `${reasonOf(documents)}, from the cache file`)
  }

  /** Says on readiness, and once in the log, that a service stands otherwise than before. */
  function tell(service: string, code: ErrorCode | null, path: string): void {
    const held = documentOf(stored(service), 'policies')
    const policyVersion = held === undefined ? null : versionOf('policies', held.ranger)
    const last = statuses.get(service)
    const isAsBefore = last?.code === code && last.path === path
    statuses.set(service, { service, policyVersion, code, path, since: isAsBefore ? last.since : new Date(now()) })
    if (!isAsBefore && code !== null) log.warn({ service, code, path }, errorCatalogue[code].message)
    else if (!isAsBefore && last !== undefined) log.info({ service }, 'a service of Ranger Admin is well again')
  }

  function note(code: ErrorCode | null): void {
    const up = code === null
    if (dependency.up !== up || dependency.code !== code)
      dependency = { name: 'ranger', up, code, since: new Date(now()) }
  }

  /** False where Ranger Admin did not answer as one. */
  async function lookAndTell(service: string, signal: AbortSignal): Promise<boolean> {
    const memory = memories.get(service) as RangerMemory
    let outcome: RangerLook
    let failure: ScrimError | null = null
    try {
      outcome = await lookAt(service, memory, signal)
      tell(service, null, '')
    } catch (error) {
      if (!(error instanceof ScrimError)) throw error
      if (signal.aborted) return true
      outcome = error.kind === 'dependency' ? 'failed' : 'refused'
      failure = error
      if (error instanceof PoliciesRefused)
        logProblems(log, error.problems, 'the policies of Ranger Admin are not taken')
      if (isOfAdmin(error)) await lookIntoCache(service).catch(ignoreCatalogued)
      tell(service, error.code, error.where.path ?? '')
    }
    metrics.rangerLook(service, outcome, statuses.get(service)?.policyVersion ?? null)
    const away = failure !== null && isOfAdmin(failure) ? failure.code : null
    note(away)
    return away === null
  }

  async function look(signal: AbortSignal): Promise<void> {
    for (const service of services) {
      if (signal.aborted || circuitState(circuit, now()) === 'open') return
      const isAnswered = await lookAndTell(service, signal)
      circuit = isAnswered ? closedCircuit : afterFailure(circuit, limits, now(), random)
    }
  }

  return {
    look,
    status: () => [...statuses.values()],
    dependency: () => dependency,
    run: async signal => {
      while (!signal.aborted) {
        await look(signal)
        // Several instances shall not ask in step.
        await pause(pollMs * (0.9 + 0.2 * random()), signal)
      }
    },
  }
}

const noNews: RangerNews = { policies: null, roles: null, users: null, tags: null }

function reasonOf(documents: readonly PolicyDocument[]): string {
  const mine = documents as readonly RangerDocument[]
  const parts = rangerDownloads.flatMap(what => {
    const version = versionOf(what, documentOf(mine, what)?.ranger ?? {})
    return version === -1 ? [] : [`${nameOf[what]} version ${version}`]
  })
  const text = parts.reverse().join(', ')
  return isGone(mine) ? `gone; last ${text}` : text
}

const nameOf: Readonly<Record<RangerDownload, string>> = {
  policies: 'policy',
  tags: 'tag',
  roles: 'role',
  users: 'user store',
}

/** Is it Ranger Admin that does not do its part, and not Postgres or the set? */
const isOfAdmin = ({ code }: ScrimError): boolean =>
  code === 'RANGER_UNAVAILABLE' || code === 'RANGER_NOT_AUTHORISED' || code === 'RANGER_ANSWER'

function ignoreCatalogued(error: unknown): void {
  if (!(error instanceof ScrimError)) throw error
}
