import { type BatchOutcome, type MaskedBatch, type RawBatch, SPANS_PER_RECORD } from '../pipeline/batch.ts'
import type { Plan, TopicFacts, TopicPlan, ViewPlan } from '../pipeline/plan.ts'
import { createValueReader, type RecordValue } from '../pipeline/record-values.ts'
import { isNamed } from '../pipeline/project/row-scope.ts'
import { tellableName } from '../pipeline/tellable-name.ts'
import { createTransform } from '../pipeline/transform.ts'
import { handlingOf, ruleText } from '../policy/column-handling.ts'
import { compareValues, type PathChange, type Side } from './dry-run-compare.ts'
import {
  createViewTally,
  type PathBudget,
  type SchemaProblemReport,
  type SetOutcome,
  type TopicDryRun,
  type ViewTally,
} from './dry-run-report.ts'

export interface TopicRunOptions {
  readonly topic: string
  readonly facts: TopicFacts
  readonly current: Plan
  readonly candidate: Plan
  /** Null: all. */
  readonly views: readonly string[] | null
  readonly budget: PathBudget
  readonly now: () => number
}

/** Two sets over the records of one topic, in any order. */
export interface TopicRun {
  readonly take: (batch: RawBatch) => void
  readonly report: (partitions: number) => TopicDryRun
}

/** One view, as either set has it. */
interface ViewPair {
  readonly view: string
  readonly current: ViewPlan | null
  readonly candidate: ViewPlan | null
  readonly tally: ViewTally
  readonly isPlaceholder: (value: RecordValue) => boolean
}

export function createTopicRun({
  topic,
  facts,
  current,
  candidate,
  views: only,
  budget,
  now,
}: TopicRunOptions): TopicRun {
  const sets = {
    current: createSetRun(current.forTopic(topic, facts), 'none', now),
    candidate: createSetRun(candidate.forTopic(topic, facts), 'reject', now),
  }
  const readRaw = createValueReader()
  const readMasked = createValueReader()
  const columns = new Set<string>()
  const views = viewsOf(sets.current.plan, sets.candidate.plan)
    .filter(view => only?.includes(view) ?? true)
    .map((view): ViewPair => {
      const pair = { current: sets.current.view(view), candidate: sets.candidate.view(view) }
      const placeholders = placeholdersOf(pair.candidate ?? pair.current)
      return { view, ...pair, tally: createViewTally(budget), isPlaceholder: ({ text }) => placeholders.has(text) }
    })
  let records = 0

  function take(batch: RawBatch): void {
    const was = sets.current.run(batch)
    const is = sets.candidate.run(batch)
    records += batch.count
    for (let n = 0; n < batch.count; n++) {
      let raw: readonly RecordValue[] | null = null
      const rawValues = (): readonly RecordValue[] => {
        raw ??= readRaw(batch, n).values
        for (const { column, part } of raw) if (part !== 'envelope') columns.add(column)
        return raw
      }
      for (const pair of views) {
        const before = was(pair.view, n)
        const after = is(pair.view, n)
        const changes = isSame(before, after) ? [] : changesOf(pair, before, after, rawValues())
        const place = { partition: batch.partition, offset: String(batch.offsets[n]) }
        pair.tally.record(place, before.outcome, after.outcome, changes)
      }
      // What every record of a table has is known from a few of them, and the rest comes with what differs.
      if (raw === null && (n === 0 || records < 100)) rawValues()
    }
  }

  function changesOf(
    { current: currentView, candidate: candidateView, isPlaceholder }: ViewPair,
    before: RecordOutcome,
    after: RecordOutcome,
    raw: readonly RecordValue[],
  ): readonly PathChange[] {
    const side = ({ at, outcome }: RecordOutcome, view: ViewPlan | null): Side => ({
      isHeld: outcome.kind === 'reject',
      values: at === null ? null : readMasked(at.batch, at.n).values,
      handling: column => (view === null ? 'hidden' : handlingOf(view, column)),
    })
    return compareValues(raw, side(before, currentView), side(after, candidateView), isPlaceholder)
  }

  return {
    take,
    report: partitions => ({
      topic,
      records,
      partitions,
      microsPerRecord: { current: sets.current.micros(records), candidate: sets.candidate.micros(records) },
      views: views.map(pair => {
        const met = new Set([...columns, ...schemaColumns(pair.current), ...schemaColumns(pair.candidate)])
        const named = [pair.current, pair.candidate].flatMap(view =>
          view === null ? [] : [...view.rules.byName.keys()],
        )
        return pair.tally.report({
          view: pair.view,
          maskedTopic: {
            current: pair.current?.maskedTopic ?? null,
            candidate: pair.candidate?.maskedTopic ?? null,
          },
          problems: problemsOf(pair),
          // Without records nothing says which of the named columns there are.
          clearByRule: new Set([...(records === 0 ? named : met)].filter(column => isClearedBy(pair, column))),
          rulesOf: column => ({
            current: ruleText(pair.current, column),
            candidate: ruleText(pair.candidate, column),
          }),
          told: (path, column) => toldPath(pair, path, column),
        })
      }),
    }),
  }
}

/** What one set made of one record; `at` where it is published. */
interface RecordOutcome {
  readonly outcome: SetOutcome
  readonly at: { readonly batch: MaskedBatch; readonly n: number } | null
}

/** `without`: what it means that the set does not name the topic. */
function createSetRun(plan: TopicPlan | null, without: 'none' | 'reject', now: () => number) {
  // One for each set: its buffers are lent until it runs again.
  const transform = createTransform()
  const absent: RecordOutcome = {
    at: null,
    outcome:
      plan === null && without === 'reject'
        ? { kind: 'reject', code: 'RECORD_TOPIC_WITHOUT_POLICY', path: 'topic' }
        : { kind: 'none' },
  }
  let ms = 0
  return {
    plan,
    view: (name: string): ViewPlan | null => plan?.views.find(({ view }) => view === name) ?? null,
    micros: (records: number): number => (records === 0 ? 0 : Math.round((ms * 10_000) / records) / 10),
    run: (batch: RawBatch): ((view: string, n: number) => RecordOutcome) => {
      if (plan === null) return () => absent
      const startedAt = now()
      const outcome = transform(batch, plan)
      ms += now() - startedAt
      const byView = outcomesByView(outcome)
      return (view, n) => byView.get(view)?.get(n) ?? absent
    },
  }
}

function outcomesByView({ masked, departures }: BatchOutcome): ReadonlyMap<string, Map<number, RecordOutcome>> {
  const byView = new Map<string, Map<number, RecordOutcome>>()
  const of = (view: string): Map<number, RecordOutcome> => {
    const known = byView.get(view) ?? new Map<number, RecordOutcome>()
    byView.set(view, known)
    return known
  }
  for (const batch of masked)
    for (let n = 0; n < batch.count; n++) {
      const source = batch.sources[n] as number
      // Behind a delete that a row filter made comes its tombstone, which says nothing of its own.
      if (!of(batch.view).has(source)) of(batch.view).set(source, { outcome: { kind: 'publish' }, at: { batch, n } })
    }
  for (const departure of departures) {
    const outcome: SetOutcome =
      departure.kind === 'drop'
        ? { kind: 'drop', reason: departure.reason }
        : { kind: 'reject', code: departure.code, path: departure.path }
    of(departure.view).set(departure.index, { outcome, at: null })
  }
  return byView
}

/** Published alike byte for byte, or by neither: then there is nothing to compare. */
function isSame({ at: a }: RecordOutcome, { at: b }: RecordOutcome): boolean {
  if (a === null || b === null) return a === b
  const from = a.n * SPANS_PER_RECORD
  const other = b.n * SPANS_PER_RECORD
  for (let part = 0; part < SPANS_PER_RECORD; part += 2) {
    const start = a.batch.spans[from + part] as number
    const end = a.batch.spans[from + part + 1] as number
    const otherStart = b.batch.spans[other + part] as number
    const otherEnd = b.batch.spans[other + part + 1] as number
    if (start < 0 || otherStart < 0) {
      if (start !== otherStart) return false
    } else if (a.batch.bytes.compare(b.batch.bytes, otherStart, otherEnd, start, end) !== 0) return false
  }
  return true
}

const viewsOf = (...plans: readonly (TopicPlan | null)[]): string[] => [
  ...new Set(plans.flatMap(plan => plan?.views.map(({ view }) => view) ?? [])),
]

/** The texts that stand for a value which the record does not have. */
function placeholdersOf(view: ViewPlan | null): ReadonlySet<string> {
  return new Set(
    (view?.toastMarkers.literals ?? []).flatMap(literal => {
      const parsed: unknown = JSON.parse(literal.toString())
      return [parsed].flat().filter(text => typeof text === 'string')
    }),
  )
}

const isClearedBy = ({ current, candidate }: ViewPair, column: string): boolean =>
  candidate !== null &&
  handlingOf(candidate, column) === 'clear' &&
  (current === null || handlingOf(current, column) !== 'clear')

const schemaColumns = (view: ViewPlan | null): string[] =>
  [...(view?.valueSchemas.all() ?? []), ...(view?.keySchemas.all() ?? [])].flatMap(({ plan }) =>
    plan.columns.map(({ name }) => name),
  )

/** A name that comes with a record is told only where a policy names it or it looks like a name: a value could be one. */
function toldPath({ current, candidate }: ViewPair, path: string, column: string): string {
  const isSaid = [current, candidate].some(view => view !== null && isNamed(column, view.rules))
  const inside = path.slice(column.length)
  return `${isSaid ? column : toldNames(column)}${toldNames(inside)}`
}

const toldNames = (path: string): string =>
  path.replace(/[^.[\]]+/g, name => (name === '*' ? name : tellableName(name)))

/** What does not fit between rules and the schemas that were met, by which set. */
function problemsOf({ current, candidate }: ViewPair): SchemaProblemReport[] {
  const found = new Map<string, SchemaProblemReport>()
  for (const [by, view] of [['current', current] as const, ['candidate', candidate] as const]) {
    for (const { plan } of [...(view?.valueSchemas.all() ?? []), ...(view?.keySchemas.all() ?? [])]) {
      for (const { code, path: place, detail } of plan.problems) {
        const path = place.replace(/^before\./, 'after.')
        const id = `${code} ${path}`
        const known = found.get(id)
        found.set(id, { code, path, detail, in: known === undefined || known.in === by ? by : 'both' })
      }
    }
  }
  return [...found.values()].slice(0, MAX_PROBLEMS)
}

const MAX_PROBLEMS = 200
