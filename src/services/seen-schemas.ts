import { type Problem, ScrimError } from '../errors.ts'
import { Unreadable } from '../pipeline/decode/scanner.ts'
import type { Plan, TopicPlan } from '../pipeline/plan.ts'
import type { KnownSchema } from '../pipeline/project/schema-cache.ts'
import { compileSchema } from '../pipeline/project/schema-plan.ts'
import { scrubSchema } from '../policy/scrub-schema.ts'
import { pause } from './back-off.ts'
import type { PlanHolder } from './mask-stream.ts'
import type { Log } from './ports/log.ts'
import type { SchemaStore, SeenSchema } from './ports/policies.ts'
import type { PublishedKeys } from './published-keys.ts'

export interface SeenSchemasOptions {
  readonly store: SchemaStore
  /** Is shown the same plans at the same times. */
  readonly keys?: Pick<PublishedKeys, 'remember'>
  readonly log: Log
  readonly intervalMs?: number
}

/** Remembers which schema blocks the stream has met, so that the next set of policies is checked against them. */
export interface SeenSchemas {
  /** Stores, off the stream, what the plan in force has learnt; until the signal, and once more at the end. */
  readonly run: (plans: PlanHolder, signal: AbortSignal) => Promise<void>
  /** What stands against a candidate. What stands against the set in force too is a warning: it is no reason to refuse a change of something else. */
  readonly check: (candidate: Plan, inForce: Plan | null) => Promise<readonly Problem[]>
}

export function createSeenSchemas({ store, keys, log, intervalMs = 5000 }: SeenSchemasOptions): SeenSchemas {
  const stored = new WeakSet<KnownSchema>()
  let last: Plan | null = null
  let isAway = false

  async function remember(plan: Plan): Promise<void> {
    for (const topicPlan of plan.made()) await rememberSchemas(topicPlan)
    await keys?.remember(plan)
  }

  /** In the order in which the plan met them, so that the newest is the one seen last. */
  async function rememberSchemas(topicPlan: TopicPlan): Promise<void> {
    for (const { valueSchemas, keySchemas } of topicPlan.views) {
      for (const [part, cache] of [
        ['key', keySchemas],
        ['value', valueSchemas],
      ] as const) {
        for (const schema of cache.all()) {
          if (stored.has(schema)) continue
          if (isRow(schema)) await store.remember(topicPlan.topic, part, scrubSchema(schema.bytes))
          stored.add(schema)
        }
      }
    }
  }

  async function look(plans: PlanHolder): Promise<void> {
    const current = plans.current()
    try {
      // The plan that was in force at the last look may have met something before it was swapped.
      if (last !== null && last !== current) await remember(last)
      if (current !== null) await remember(current)
      last = current
      isAway = false
    } catch (error) {
      if (!(error instanceof ScrimError) || error.kind !== 'dependency') throw error
      if (!isAway)
        log.warn({ code: error.code }, 'the schemas seen cannot be stored; they will be when Postgres is back')
      isAway = true
    }
  }

  return {
    run: async (plans, signal) => {
      while (!signal.aborted) {
        await look(plans)
        await pause(intervalMs, signal)
      }
      await look(plans)
    },
    check: async (candidate, inForce) => {
      const seen = await store.all()
      const already = new Set(inForce === null ? [] : problemsAgainstSeen(inForce, seen).map(placeOf))
      return problemsAgainstSeen(candidate, seen).map(found =>
        already.has(placeOf(found)) ? { ...found, severity: 'warning' } : found,
      )
    },
  }
}

const isRow = ({ plan }: KnownSchema): boolean => plan.shape === 'event' || plan.shape === 'row'

const placeOf = ({ code, where }: Problem): string => `${code} ${where.topic} ${where.path}`

/** A column that nobody has named yet holds its own topic; it is no fault of the set. */
const warnings: ReadonlySet<Problem['code']> = new Set([
  'RECORD_UNKNOWN_COLUMN',
  'RECORD_QUARANTINED',
  'RECORD_UNKNOWN_MEMBER',
  'RECORD_SCHEMA_INVALID',
])

/** The plan held against the schemas last seen of the topics that it names. Touches none of the plan's caches. */
export function problemsAgainstSeen(plan: Plan, seen: readonly SeenSchema[]): Problem[] {
  const found = new Map<string, Problem>()
  for (const { topic, part, bytes } of seen) {
    for (const { rules, keys, view } of plan.forTopic(topic, { compacted: false })?.views ?? []) {
      for (const { code, path, detail } of misfits(bytes, { topic, part, rules, keys })) {
        const severity = warnings.has(code) ? 'warning' : 'error'
        // `before` has the columns of `after`: one of the two is enough to read.
        const id = `${code} ${topic} ${view} ${path.replace(/^before\./, 'after.')}`
        if (!found.has(id)) found.set(id, { code, severity, where: { topic, view, path }, detail })
      }
    }
  }
  return [...found.values()]
}

function misfits(
  bytes: Buffer,
  context: Parameters<typeof compileSchema>[1],
): ReturnType<typeof compileSchema>['problems'] {
  try {
    return compileSchema(bytes, context).problems
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    return [{ code: error.code, path: context.part, detail: 'the stored schema cannot be read' }]
  }
}
