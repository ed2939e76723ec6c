import { createSecretKey, type KeyObject } from 'node:crypto'
import type { Problem } from './errors.ts'
import { DEFAULT_PLACEHOLDER } from './pipeline/decode/toast.ts'
import type { Plan, PlanSettings } from './pipeline/plan.ts'
import { batchOfLines, type OutcomeLine, outcomeLines, type RecordLine, sourceOf } from './pipeline/record-line.ts'
import { createTransform } from './pipeline/transform.ts'
import { compileSet } from './policy/compile-set.ts'
import type { PolicyDocument } from './policy/document.ts'
import { readDocuments } from './policy/read-documents.ts'

/** The engine alone, to be embedded: no Kafka, no Postgres, no clock. The package exports this file. */

export interface EngineOptions {
  /** Keys by id, 32 bytes each. */
  readonly keys?: Readonly<Record<string, Uint8Array>>
  readonly settings?: Partial<PlanSettings>
  /** When the policies are to be judged, in epoch milliseconds; left out: now. */
  readonly now?: number
}

export const defaultSettings: PlanSettings = {
  outputTopic: '${topic}.masked',
  truncate: 'auto',
  headers: [],
  deadLetterTopic: 'cdc-dlq',
  toastPlaceholder: DEFAULT_PLACEHOLDER,
}

/** Compiles parsed policy documents. `plan` is null where `problems` holds an error. */
export function compile(
  policies: readonly unknown[],
  options: EngineOptions = {},
): { plan: Plan | null; problems: readonly Problem[] } {
  const { documents, problems } = readDocuments(policies, 'policies')
  if (problems.length > 0) return { plan: null, problems }
  const ring = new Map<string, KeyObject>(
    Object.entries(options.keys ?? {}).map(([id, key]) => [id, createSecretKey(key)]),
  )
  return compileSet(documents as PolicyDocument[], {
    keys: ring,
    settings: { ...defaultSettings, ...options.settings },
    now: options.now ?? Date.now(),
  })
}

const MAX_BATCH = 500

/**
 * Masks records, in input order; for each record and view one outcome, or two where the row leaves a filter. `now` is what
 * now() says, in milliseconds.
 */
export function transform(
  records: readonly RecordLine[],
  plan: Plan,
  now: (() => number) | null = null,
): OutcomeLine[] {
  const run = createTransform(now)
  const outcomes: OutcomeLine[] = []
  for (let from = 0; from < records.length; ) {
    const lines = sameBatch(records, from)
    from += lines.length
    const topic = lines[0]?.topic ?? ''
    const topicPlan = plan.forTopic(topic, { compacted: false })
    if (topicPlan !== null) outcomes.push(...outcomeLines(lines, run(batchOfLines(lines), topicPlan)))
    else
      outcomes.push(
        ...lines.map(
          line =>
            ({
              source: sourceOf(line),
              outcome: 'reject',
              code: 'RECORD_TOPIC_WITHOUT_POLICY',
              where: 'topic',
            }) as const,
        ),
      )
  }
  return outcomes
}

/** The longest run of records from `from` on that lie in one topic and partition. */
function sameBatch(records: readonly RecordLine[], from: number): RecordLine[] {
  const first = records[from]
  let to = from + 1
  while (
    to < records.length &&
    to - from < MAX_BATCH &&
    records[to]?.topic === first?.topic &&
    (records[to]?.partition ?? 0) === (first?.partition ?? 0)
  )
    to++
  return records.slice(from, to)
}

export type { OutcomeLine, Plan, Problem, RecordLine }
