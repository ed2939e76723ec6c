import { PoliciesRefused, ScrimError } from '../errors.ts'
import type { RawBatch } from '../pipeline/batch.ts'
import type { KeyRing, Plan, PlanSettings } from '../pipeline/plan.ts'
import { batchOfLines, lineProblem, type RecordLine } from '../pipeline/record-line.ts'
import { compileSet } from '../policy/compile-set.ts'
import { type Explanation, explain } from './explain.ts'
import type { CallTrail } from './ports/audit.ts'
import type { RecordReader } from './ports/dead-letters.ts'
import type { RawTail } from './ports/dry-run.ts'
import type { PolicyVersion, SchemaStore } from './ports/policies.ts'

export interface ExplainCallsOptions {
  readonly policies: { readonly inForce: () => PolicyVersion | null }
  readonly keys: KeyRing
  readonly settings: PlanSettings
  readonly reader: Pick<RecordReader, 'read'>
  readonly schemas: Pick<SchemaStore, 'all'>
  readonly tail: Pick<RawTail, 'facts'>
  readonly calls: CallTrail
  readonly now?: () => number
}

/** A record as it is given, a record where it lies, or a topic alone. */
export type ExplainSubject =
  | { readonly kind: 'record'; readonly record: unknown }
  | { readonly kind: 'place'; readonly topic: string; readonly partition: number; readonly offset: bigint }
  | { readonly kind: 'topic'; readonly topic: string }

export interface ExplainCall {
  readonly subject: ExplainSubject
  /** Null: all. */
  readonly view: string | null
  readonly caller: string
  readonly requestId: string
}

export interface ExplainCalls {
  readonly run: (call: ExplainCall) => Promise<Explanation>
}

/** Explains what the policies in force do. A record's outcome tells something of it, so each call leaves a row before it is answered. */
export function createExplainCalls({
  policies,
  keys,
  settings,
  reader,
  schemas,
  tail,
  calls,
  now = Date.now,
}: ExplainCallsOptions): ExplainCalls {
  async function recordOf(subject: ExplainSubject, plan: Plan): Promise<RawBatch | null> {
    if (subject.kind === 'topic') return null
    if (subject.kind === 'record') {
      const problem = lineProblem(subject.record)
      if (problem !== null) throw new ScrimError('REQUEST_INVALID', { path: `record: ${problem}` })
      return batchOfLines([subject.record as RecordLine])
    }
    const { topic, partition, offset } = subject
    // Before Kafka is asked for it: what no policy names is nobody's to look at.
    const found = plan.names(topic) ? await reader.read(topic, partition, offset) : null
    if (found === null)
      throw new ScrimError('REQUEST_NOT_FOUND', { topic, partition, offset: String(offset), path: 'record' })
    return found
  }

  /** Never the plan of the stream: its caches would fill with schemas that callers invent. */
  function freshPlan({ documents, version }: PolicyVersion): Plan {
    const { plan, problems } = compileSet(documents, { keys, settings, version, now: now() })
    if (plan === null) throw new PoliciesRefused(problems)
    return plan
  }

  return {
    run: async ({ subject, view, caller, requestId }) => {
      const version = policies.inForce()
      if (version === null) throw new ScrimError('POLICY_NOT_LOADED')
      const plan = freshPlan(version)
      const record = await recordOf(subject, plan)
      const topic = subject.kind === 'record' ? (record?.topic ?? '') : subject.topic
      const explanation = explain({
        topic,
        // A record that is given need not be of a topic that there is.
        facts: subject.kind === 'place' ? await tail.facts(topic) : { compacted: false },
        documents: version.documents,
        plan,
        record,
        seen: record === null ? await schemas.all() : [],
        view,
        now: now(),
      })
      if (view !== null && explanation.views.length === 0 && plan.names(topic))
        throw new ScrimError('REQUEST_NOT_FOUND', { path: 'view' })
      const told = { subject: subject.kind, topic, views: explanation.views.length }
      await calls.write({ call: 'explain', caller, requestId, policyVersion: version.version, facts: told })
      return explanation
    },
  }
}
