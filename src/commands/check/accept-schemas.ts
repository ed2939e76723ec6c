import type { Plan } from '../../pipeline/plan.ts'
import type { Problem } from '../../errors.ts'
import type { Compiled } from '../../policy/compile.ts'
import type { PolicyDocument } from '../../policy/document.ts'
import { error } from '../../services/finding.ts'
import type { Finding } from '../../services/ports/checks.ts'
import {
  type Acceptance,
  acceptanceFindings,
  acceptances,
  placeAcceptances,
  withAccepted,
  withoutTopics,
  writeAcceptances,
} from './accept.ts'
import { findingOf } from './report.ts'
import type { Samples } from './samples.ts'

/** An acceptance as it is told. */
export interface Accepted extends Pick<Acceptance, 'topic' | 'diff' | 'inClear' | 'leftToWildcard'> {
  /** Null: nothing was written for it. */
  readonly file: string | null
}

export interface AcceptOptions {
  readonly samples: Samples
  /** Empty: all topics that were met and that a policy names. */
  readonly topics: readonly string[]
  /** Columns to accept although a wildcard masks them now. */
  readonly clear: readonly string[]
  readonly documents: readonly PolicyDocument[]
  readonly compile: (documents: readonly PolicyDocument[]) => Compiled
  readonly folder: string
  readonly out: string | null
}

export interface AcceptResult {
  /** With the accepted ones where they were written, else as they were. */
  readonly documents: readonly PolicyDocument[]
  readonly plan: Plan | null
  readonly problems: readonly Problem[]
  readonly accepted: readonly Accepted[]
  readonly findings: readonly Finding[]
  /** Lines for the terminal: columns that go out in clear by this. */
  readonly inClear: readonly string[]
}

/** Writes the schemas met as table schemas; all of them or, where anything stands against it, none. */
export async function acceptSchemas({
  samples,
  topics,
  clear,
  documents,
  compile,
  folder,
  out,
}: AcceptOptions): Promise<AcceptResult> {
  const met = [...samples.topics.keys()].sort()
  const wanted = topics.length === 0 ? met : [...new Set(topics)].sort()
  // A table schema that does not fit any more must not stand in the way of the one that takes its place.
  const base = compile(withoutTopics(documents, wanted))
  if (base.plan === null) return { documents, ...base, accepted: [], findings: [], inClear: [] }
  const candidates = acceptances(samples, wanted, base.plan, documents, new Set(clear))
  const missing = topics.filter(topic => !candidates.some(one => one.topic === topic))
  const candidateDocuments = withAccepted(documents, candidates)
  const compiled = compile(candidateDocuments)
  const { files, problems } = await placeAcceptances(
    candidates.filter(({ isChanged }) => isChanged),
    { folder, out },
  )
  const findings: Finding[] = [...missing.map(notMet), ...clearNotMet(clear, candidates), ...problems.map(findingOf)]
  const isRefused = compiled.plan === null || findings.length > 0
  if (!isRefused) writeAcceptances(files)
  const fileOf = (topic: string): string | null =>
    isRefused
      ? null
      : ([...files].find(([, held]) => held.some(({ tableSchema }) => tableSchema.topic === topic))?.[0] ?? null)
  return {
    documents: isRefused ? documents : candidateDocuments,
    plan: compiled.plan ?? base.plan,
    problems: compiled.problems,
    accepted: candidates.map(({ topic, diff, inClear, leftToWildcard }) => ({
      topic,
      diff,
      inClear,
      leftToWildcard,
      file: fileOf(topic),
    })),
    findings: [...findings, ...acceptanceFindings(candidates)],
    inClear: candidates.flatMap(one => inClearLines(one, isRefused)),
  }
}

function inClearLines({ topic, inClear }: Acceptance, isRefused: boolean): string[] {
  if (inClear.length === 0) return []
  const head = isRefused ? 'would go out in clear' : 'go out in clear'
  return [
    `topic ${topic}: columns that no policy names and that ${head} by this acceptance alone:\n`,
    ...inClear.map(
      ({ column, isNew, until }) => `  ${column}${isNew ? ` (new; until now ${until})` : ' (accepted before)'}\n`,
    ),
  ]
}

/** A name that is misspelled must not look as if it had been cleared. */
function clearNotMet(clear: readonly string[], candidates: readonly Acceptance[]): Finding[] {
  const met = new Set(candidates.flatMap(({ document }) => document.tableSchema.columns.map(({ name }) => name)))
  return clear
    .filter(column => !met.has(column))
    .map(column =>
      error(
        'SCHEMA_NOT_MET',
        `--clear ${column}`,
        'No schema that is to be accepted has a column of this name',
        'Compare the name with the column list of the topic.',
      ),
    )
}

const notMet = (topic: string): Finding => ({
  severity: 'error',
  code: 'SCHEMA_NOT_MET',
  where: topic,
  message:
    'There is no schema of this topic to accept: no record with a schema block was met, or no policy names the topic',
  hint: 'Without a schema block there are no types: write a tableSchema document by hand, or switch schemas.enable on at the source.',
})
