import { errorCatalogue, placeText, type Problem } from '../../errors.ts'
import type { TopicReport } from '../../policy/inspect-topic.ts'
import { PUBLIC } from '../../policy/view.ts'
import type { TestResult } from '../../policy/run-tests.ts'
import type { Finding } from '../../services/ports/checks.ts'
import type { Accepted } from './accept-schemas.ts'

/** All that one `scrim check` has to say; printed as text or as one JSON document. */
export interface CheckReport {
  readonly ok: boolean
  readonly findings: readonly Finding[]
  readonly topics: readonly TopicReport[]
  /** Empty without --accept-schema. */
  readonly accepted: readonly Accepted[]
  /** The tests that policies bring along. */
  readonly tests: readonly TestResult[]
}

/** A problem of the catalogue as a finding. */
export function findingOf({ code, severity, where, detail }: Problem): Finding {
  const { message, hint } = errorCatalogue[code]
  return {
    severity,
    code,
    where: placeText(where),
    message: detail === undefined ? message : `${message} (${detail})`,
    hint,
  }
}

/** Errors first, then by code and place; the same finding is told once. */
export function sortedFindings(findings: readonly Finding[]): Finding[] {
  const byText = new Map(
    findings.map(found => [
      `${rank[found.severity]} ${found.code} ${found.hint} ${found.where} ${found.message}`,
      found,
    ]),
  )
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, found]) => found)
}

const rank = { error: 0, warning: 1, note: 2 } as const

/** Findings as lines for people; those with one code and one hint stand together, the hint after them. */
export function findingsText(findings: readonly Finding[]): string {
  return findings
    .map(({ severity, code, where, message, hint }, index) => {
      const next = findings[index + 1]
      const line = `${severity} ${code}${where === '' ? '' : ` at ${where}`}: ${message}\n`
      return next?.code === code && next.severity === severity && next.hint === hint ? line : `${line}    ${hint}\n`
    })
    .join('')
}

/** The columns of a topic as a table. */
export function topicText({ topic, view, maskedTopic, columns, records, isSchemaless }: TopicReport): string {
  const rows = columns.map(({ column, parts, type, mask, by, known, masked, outName }) => [
    column,
    parts.join('+'),
    type ?? '',
    mask,
    outName === null || outName === column ? (masked ?? '') : `${outName}: ${masked ?? ''}`,
    by?.replace(' maskingPolicy.maskingConditions', ' ') ?? '',
    known,
  ])
  const title = [
    `topic ${topic}`,
    `-> ${maskedTopic}`,
    view === PUBLIC ? '' : `(view ${view})`,
    isSchemaless ? '(no schema block)' : '',
  ]
  return `\n${title.filter(part => part !== '').join(' ')}\n${records === null ? '' : `  records: ${records}\n`}${table([heading, ...rows])}`
}

/** What an acceptance changes. */
export function acceptedText({ topic, diff, file }: Accepted): string {
  const what = file !== null ? `written to ${file}` : diff.length === 0 ? 'nothing to write' : 'not written'
  return `\nschema of ${topic}: ${what}\n${diff.map(line => `  ${line}\n`).join('')}`
}

/** The tests of the policies, each with its name and what came of it; what fails is a finding too. */
export function testsText(tests: readonly TestResult[]): string {
  const lines = tests.map(
    ({ policy, index, name, passed }) =>
      `  ${passed ? 'pass' : 'FAIL'}  ${policy} tests[${index}]${name === null ? '' : ` ${name}`}\n`,
  )
  return lines.length === 0 ? '' : `\ntests\n${lines.join('')}`
}

const heading = ['column', 'in', 'type', 'mask', 'masked type', 'said by', 'known']

/** Columns of text, as wide as their widest cell; a column without any text is left out. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, n) =>
    rows.slice(1).some(row => row[n] !== '') ? Math.max(...rows.map(row => [...(row[n] ?? '')].length)) : 0,
  )
  const line = (row: readonly string[]): string =>
    row.flatMap((cell, n) => (widths[n] === 0 ? [] : [cell.padEnd(widths[n] ?? 0)])).join('  ')
  return rows.map(row => `${`  ${line(row)}`.trimEnd()}\n`).join('')
}
