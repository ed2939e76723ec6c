import { type ErrorCode, errorCatalogue, type Place } from '../errors.ts'
import type { Plan } from '../pipeline/plan.ts'
import type { InstanceCounts } from './instances.ts'
import type { PoliciesStatus } from './plan-in-force.ts'
import type { ConnectorState, Dependency } from './ports/watching.ts'
import type { HeldPartition } from './ports/stream.ts'
import { blockNotices, blockReasons, rangerNotices } from './ranger-readiness.ts'
import type { RangerServiceStatus } from './ranger-source.ts'

export interface ReadinessOptions {
  readonly policies: { readonly status: () => PoliciesStatus; readonly current: () => Plan | null }
  readonly dependencies: () => readonly Dependency[]
  readonly held: () => readonly HeldPartition[]
  readonly connectors: () => readonly ConnectorState[]
  /** Topics and patterns that policies name and of which nothing is read; null as long as that is not known. */
  readonly awaited: () => readonly string[] | null
  /** How many changes wait for a second person; left out: nobody has to approve any. */
  readonly proposals?: () => number | null
  /** Left out: nobody knows of others. */
  readonly instances?: () => InstanceCounts | null
  readonly audit: 'record' | 'batch' | 'off'
  /** How the services of a Ranger Admin stand. Left out: none is asked. */
  readonly ranger?: () => readonly RangerServiceStatus[]
  /** What else somebody should know. */
  readonly further?: () => readonly string[]
  /** Has the source's loop moved lately, or is Kafka away? A process that is not alive should be started again. */
  readonly isAlive: () => boolean
}

/** Why something is not as it should be, in the words of the catalogue. */
export interface HealthReason {
  readonly code: ErrorCode
  readonly message: string
  readonly where: Place
  readonly hint: string
  readonly since?: Date
}

export interface HealthReport {
  readonly isReady: boolean
  /** Why not. */
  readonly reasons: readonly HealthReason[]
  /** What somebody should know although records go on. */
  readonly notices: readonly string[]
  readonly policies: Omit<PoliciesStatus, 'files' | 'problems'>
  readonly dependencies: readonly Dependency[]
  readonly held: readonly HeldPartition[]
  readonly connectors: readonly ConnectorState[]
  /** How many instances run the version that counts; null where that is not known. */
  readonly instances: InstanceCounts | null
  readonly audit: 'record' | 'batch' | 'off'
}

export interface Readiness {
  readonly isAlive: () => boolean
  readonly report: () => HealthReport
}

/** Puts together what the parts say of themselves; holds nothing and asks nobody outside, so it never hangs. */
export function createReadiness(options: ReadinessOptions): Readiness {
  return {
    isAlive: options.isAlive,
    report: () => {
      const { files, problems, ...policies } = options.policies.status()
      const dependencies = options.dependencies()
      const held = options.held()
      const connectors = options.connectors()
      const reasons: HealthReason[] = []
      if (policies.code !== null)
        reasons.push(
          reason(policies.code, {
            policy: policies.version === null ? 'none is in force' : 'those in force are older',
            ...problems[0]?.where,
          }),
        )
      for (const { name, up, code, since } of dependencies) {
        // Connect loads what Scrim has published, and Ranger's policies are stored; Scrim itself goes on without them.
        if (!up && name !== 'connect' && name !== 'ranger')
          reasons.push(reason(code ?? unavailable[name], { path: name }, since))
      }
      for (const { code, policy, path } of blockReasons(options.policies.current()))
        reasons.push(reason(code, { policy, path }))
      for (const { topic, partition, offset, code, path, since } of held)
        reasons.push(reason(code, { topic, partition, offset, path }, since))
      return {
        isReady: reasons.length === 0,
        reasons,
        notices: [
          ...noticesOf(options.audit, files, dependencies, connectors),
          ...proposalNotices(options.proposals?.() ?? 0),
          ...awaitedNotices(options.awaited() ?? []),
          ...schemalessNotices(options.policies.current()),
          ...blockNotices(options.policies.current()),
          ...rangerNotices(options.ranger?.() ?? []),
          ...(options.further?.() ?? []),
        ],
        policies,
        dependencies,
        held,
        connectors,
        instances: options.instances?.() ?? null,
        audit: options.audit,
      }
    },
  }
}

const unavailable = {
  kafka: 'KAFKA_UNAVAILABLE',
  postgres: 'POSTGRES_UNAVAILABLE',
  connect: 'CONNECT_UNAVAILABLE',
  ranger: 'RANGER_UNAVAILABLE',
} as const

function reason(code: ErrorCode, where: Place, since?: Date): HealthReason {
  const { message, hint } = errorCatalogue[code]
  return { code, message, where, hint, ...(since === undefined ? {} : { since }) }
}

/** Nothing else says so: such records are masked and published, and at the sink their offsets are committed. */
function schemalessNotices(plan: Plan | null): string[] {
  const topics = (plan?.made() ?? []).filter(({ views }) => views.some(({ schemaless }) => schemaless.isMet))
  if (topics.length === 0) return []
  const names = topics.map(({ topic }) => topic).sort()
  return [
    `records without a schema block: the stock JDBC sink silently writes nothing from ${names.join(', ')} (set schemas.enable=true at source and sink)`,
  ]
}

function proposalNotices(waiting: number): string[] {
  const { message } = errorCatalogue.POLICY_APPROVAL_NEEDED
  return waiting === 0 ? [] : [`POLICY_APPROVAL_NEEDED: ${message}: ${waiting} open, see GET /v1/policies/proposals`]
}

/** No reason to be unready: a topic is often made by its first record, which comes after the policy. */
function awaitedNotices(awaited: readonly string[]): string[] {
  if (awaited.length === 0) return []
  const more = awaited.length - MAX_NAMED
  const names = awaited.slice(0, MAX_NAMED).join(', ')
  const { message } = errorCatalogue.KAFKA_TOPIC_MISSING
  return [`KAFKA_TOPIC_MISSING: ${message}: ${names}${more > 0 ? ` and ${more} more` : ''}`]
}

const MAX_NAMED = 50

function noticesOf(
  audit: ReadinessOptions['audit'],
  files: PoliciesStatus['files'],
  dependencies: readonly Dependency[],
  connectors: readonly ConnectorState[],
): string[] {
  const notices: string[] = []
  if (audit === 'off') notices.push('the audit is off (SCRIM_AUDIT=off): no row says what was done to which record')
  if (files?.proposal !== undefined)
    notices.push(
      `${files.code}: the policy files are proposal ${files.proposal.id} and not taken before it is approved`,
    )
  else if (files !== null) notices.push(`${files.code}: the policy files are not taken; the set in force stays`)
  if (dependencies.some(({ name, up }) => name === 'connect' && !up))
    notices.push('CONNECT_UNAVAILABLE: the states of connectors are old')
  for (const { name, state, tasks } of connectors) {
    const failed = tasks.filter(task => task.state === 'FAILED').length
    if (state === 'FAILED' || failed > 0)
      notices.push(`connector ${name} is ${state}, ${failed} of ${tasks.length} tasks failed`)
  }
  return notices
}
