import type { ErrorCode, Problem } from '../errors.ts'
import type { PathChange } from './dry-run-compare.ts'

/** What a dry run has to say. Names, kinds, lengths and numbers; never a value of a record. */
export interface DryRunReport {
  readonly current: SetReport
  readonly candidate: SetReport
  /** False where the time was up, or the call was ended, before all records were looked at. */
  readonly isComplete: boolean
  /** Topics that both the broker has and a set names, or that the records are of. */
  readonly topics: readonly TopicDryRun[]
  /** Topics and views that were asked for and that are not there, or that no set names; topics there was no time for. */
  readonly notRead: readonly string[]
  /** What stands against the candidate as a set. */
  readonly problems: readonly Problem[]
  readonly findings: Readonly<Record<FindingKind, number>>
}

export interface SetReport {
  /** `version 3`, `request`, a folder. */
  readonly name: string
  readonly documents: number
}

/** What a gate may fail on. Paths are counted for those of columns, records for the others. */
export const findingKinds = [
  'newly-clear',
  'newly-masked',
  'newly-dropped',
  'changed',
  'rejected',
  'newly-published',
  'no-longer-published',
  'problems',
] as const
export type FindingKind = (typeof findingKinds)[number]

export interface TopicDryRun {
  readonly topic: string
  readonly records: number
  readonly partitions: number
  /** Microseconds a record took, all views together. */
  readonly microsPerRecord: { readonly current: number; readonly candidate: number }
  readonly views: readonly ViewDryRun[]
}

export interface ViewDryRun {
  readonly view: string
  readonly maskedTopic: { readonly current: string | null; readonly candidate: string | null }
  readonly unchanged: number
  /** Records that both sets publish, otherwise. */
  readonly changed: number
  readonly newlyPublished: number
  readonly noLongerPublished: number
  /** Records by what the current set and what the candidate makes of them: `publish`, `drop filtered`, `reject CODE`, `none`. */
  readonly outcomes: readonly { readonly current: string; readonly candidate: string; readonly records: number }[]
  readonly rejected: readonly RejectionCount[]
  readonly columns: readonly ColumnDryRun[]
  /** What is wrong between rules and the schemas that were met: types, lengths, nulls. */
  readonly problems: readonly SchemaProblemReport[]
}

export interface RejectionCount {
  readonly code: ErrorCode
  readonly path: string
  readonly current: number
  readonly candidate: number
  /** Rejected by the candidate and not by the current set. */
  readonly newly: number
}

export interface SchemaProblemReport {
  readonly code: ErrorCode
  readonly path: string
  readonly detail: string
  readonly in: 'current' | 'candidate' | 'both'
}

export interface ColumnDryRun {
  readonly path: string
  readonly rules: { readonly current: string; readonly candidate: string }
  /** Hidden by the rules of the current set, clear by those of the candidate: whatever the records looked at hold. */
  readonly clearByRule: boolean
  /** Records in which it changed, by how. */
  readonly changed: number
  readonly newlyClear: number
  readonly newlyMasked: number
  readonly newlyDropped: number
  readonly newlyAdded: number
  readonly samples: readonly SampleReport[]
}

/** Kinds and lengths only, also where a set shows the value. */
export interface SampleReport {
  readonly partition: number
  readonly offset: string
  readonly raw: string
  readonly current: string
  readonly candidate: string
}

const MAX_SAMPLES = 5
const MAX_REJECTIONS = 100

export interface RecordPlace {
  readonly partition: number
  readonly offset: string
}

/** What a set made of one record under one view. */
export type SetOutcome =
  | { readonly kind: 'publish' }
  | { readonly kind: 'drop'; readonly reason: string }
  | { readonly kind: 'reject'; readonly code: ErrorCode; readonly path: string }
  /** The set has no such view of the topic. */
  | { readonly kind: 'none' }

/** Counts one view of one topic. */
export interface ViewTally {
  readonly record: (
    place: RecordPlace,
    current: SetOutcome,
    candidate: SetOutcome,
    changes: readonly PathChange[],
  ) => void
  readonly report: (about: {
    readonly view: string
    readonly maskedTopic: ViewDryRun['maskedTopic']
    readonly problems: readonly SchemaProblemReport[]
    /** Columns that go clear by the rules alone. */
    readonly clearByRule: ReadonlySet<string>
    readonly rulesOf: (column: string) => ColumnDryRun['rules']
    readonly told: (path: string, column: string) => string
  }) => ViewDryRun
}

interface PathTally {
  readonly column: string
  changed: number
  newlyClear: number
  newlyMasked: number
  newlyDropped: number
  newlyAdded: number
  readonly samples: (SampleReport & { readonly rank: number })[]
}

/** How many paths a report may still tell of; what is left out makes it incomplete. */
export interface PathBudget {
  left: number
  isExceeded: boolean
}

export function createViewTally(budget: PathBudget): ViewTally {
  const outcomes = new Map<string, { current: string; candidate: string; records: number }>()
  const rejected = new Map<
    string,
    { code: ErrorCode; path: string; current: number; candidate: number; newly: number }
  >()
  const paths = new Map<string, PathTally>()
  let unchanged = 0
  let changed = 0
  let newlyPublished = 0
  let noLongerPublished = 0

  function reject(outcome: SetOutcome, by: 'current' | 'candidate', isNew: boolean): void {
    if (outcome.kind !== 'reject') return
    // `before` has the columns of `after`: one of the two is enough to read.
    const path = outcome.path.replace(/^before\./, 'after.')
    const id = `${outcome.code} ${path}`
    const known = rejected.get(id) ?? { code: outcome.code, path, current: 0, candidate: 0, newly: 0 }
    known[by]++
    if (isNew) known.newly++
    if (rejected.has(id) || rejected.size < MAX_REJECTIONS) rejected.set(id, known)
  }

  function hasRoom(): boolean {
    budget.isExceeded ||= budget.left <= 0
    return budget.left-- > 0
  }

  function count({ path, column, raw, current, candidate, ...change }: PathChange, place: RecordPlace): void {
    const known = paths.get(path) ?? {
      column,
      changed: 0,
      newlyClear: 0,
      newlyMasked: 0,
      newlyDropped: 0,
      newlyAdded: 0,
      samples: [],
    }
    if (!paths.has(path) && !hasRoom()) return
    paths.set(path, known)
    for (const what of ['changed', 'newlyClear', 'newlyMasked', 'newlyDropped', 'newlyAdded'] as const)
      if (change[what]) known[what]++
    // The gravest stay: what goes clear first, then what is masked anew.
    const rank = change.newlyClear ? 0 : change.newlyMasked || change.newlyDropped ? 1 : 2
    if (known.samples.length < MAX_SAMPLES || rank < (known.samples.at(-1)?.rank ?? 0)) {
      known.samples.push({ ...place, raw, current, candidate, rank })
      known.samples.sort((a, b) => a.rank - b.rank)
      known.samples.length = Math.min(known.samples.length, MAX_SAMPLES)
    }
  }

  return {
    record: (place, current, candidate, changes) => {
      const id = [outcomeText(current), outcomeText(candidate)]
      const pair = outcomes.get(id.join('\n')) ?? { current: id[0] ?? '', candidate: id[1] ?? '', records: 0 }
      pair.records++
      outcomes.set(id.join('\n'), pair)
      reject(current, 'current', false)
      reject(candidate, 'candidate', current.kind !== 'reject')
      const publishes = [current, candidate].map(({ kind }) => kind === 'publish')
      if (!publishes[0] && publishes[1]) newlyPublished++
      else if (publishes[0] && !publishes[1]) noLongerPublished++
      else if (publishes[0] && changes.some(change => change.changed || change.newlyDropped || change.newlyAdded))
        changed++
      else unchanged++
      for (const change of changes) count(change, place)
    },
    report: ({ view, maskedTopic, problems, clearByRule, rulesOf, told }) => {
      for (const column of clearByRule) {
        if ([...paths.values()].some(known => known.column === column) || !hasRoom()) continue
        paths.set(column, {
          column,
          changed: 0,
          newlyClear: 0,
          newlyMasked: 0,
          newlyDropped: 0,
          newlyAdded: 0,
          samples: [],
        })
      }
      return {
        view,
        maskedTopic,
        unchanged,
        changed,
        newlyPublished,
        noLongerPublished,
        outcomes: [...outcomes.values()].sort((a, b) => b.records - a.records),
        rejected: [...rejected.values()].sort((a, b) => b.newly - a.newly || b.candidate - a.candidate),
        columns: [...paths]
          .map(([path, { column, samples, ...counts }]) => ({
            path: told(path, column),
            rules: rulesOf(column),
            clearByRule: clearByRule.has(column),
            ...counts,
            samples: samples.map(({ rank: _rank, ...sample }) => sample),
          }))
          .sort((a, b) => weight(b) - weight(a) || (a.path < b.path ? -1 : 1)),
        problems,
      }
    },
  }
}

const weight = ({ newlyClear, clearByRule, changed }: ColumnDryRun): number =>
  newlyClear > 0 ? 3 : clearByRule ? 2 : changed > 0 ? 1 : 0

export function outcomeText(outcome: SetOutcome): string {
  if (outcome.kind === 'drop') return `drop ${outcome.reason}`
  return outcome.kind === 'reject' ? `reject ${outcome.code}` : outcome.kind
}

/** How many there are of each kind. */
export function countFindings(topics: readonly TopicDryRun[], problems: readonly Problem[]): DryRunReport['findings'] {
  const views = topics.flatMap(topic => topic.views)
  const columns = views.flatMap(view => view.columns)
  const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)
  return {
    'newly-clear': columns.filter(({ newlyClear, clearByRule }) => newlyClear > 0 || clearByRule).length,
    'newly-masked': columns.filter(({ newlyMasked }) => newlyMasked > 0).length,
    'newly-dropped': columns.filter(({ newlyDropped }) => newlyDropped > 0).length,
    changed: columns.filter(column => column.changed > 0).length,
    rejected: sum(views.flatMap(({ rejected }) => rejected.map(({ newly }) => newly))),
    'newly-published': sum(views.map(({ newlyPublished }) => newlyPublished)),
    'no-longer-published': sum(views.map(({ noLongerPublished }) => noLongerPublished)),
    problems:
      views.flatMap(view => view.problems.filter(problem => problem.in === 'candidate')).length +
      problems.filter(({ severity }) => severity === 'error').length,
  }
}
