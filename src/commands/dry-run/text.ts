import type { ColumnDryRun, DryRunReport, FindingKind, TopicDryRun, ViewDryRun } from '../../services/dry-run-report.ts'
import { table } from '../check/report.ts'
import { problemLine } from '../problems.ts'

/** A dry run for people: the graver things first. */
export function dryRunText(report: DryRunReport, failOn: readonly FindingKind[]): string {
  const { current, candidate, topics, findings } = report
  const found = Object.entries(findings).filter(([, number]) => number > 0)
  const isFailing = failOn.some(kind => findings[kind] > 0)
  return [
    `current: ${current.name} (${current.documents} documents); candidate: ${candidate.name} (${candidate.documents} documents)\n`,
    ...report.problems.map(problemLine),
    ...topics.map(topicText),
    '\n',
    topics.length === 0 ? 'no topic was looked at: there is none that the sets name\n' : '',
    report.notRead.length === 0 ? '' : `not looked at: ${report.notRead.join(', ')}\n`,
    report.isComplete ? '' : 'not complete: the time was up, or there is more than can be told\n',
    found.length === 0 ? 'no difference\n' : `${found.map(([kind, number]) => `${kind} ${number}`).join(', ')}\n`,
    isFailing ? `fails on: ${failOn.filter(kind => findings[kind] > 0).join(', ')}\n` : '',
  ].join('')
}

function topicText({ topic, records, partitions, microsPerRecord, views }: TopicDryRun): string {
  const { current, candidate } = microsPerRecord
  const title = `\ntopic ${topic}: ${records} records of ${partitions} partitions; a record takes ${current} µs, with the candidate ${candidate} µs\n`
  return `${title}${views.map(viewText).join('')}`
}

function viewText(view: ViewDryRun): string {
  const { maskedTopic, outcomes, rejected, columns, problems } = view
  const target = maskedTopic.candidate ?? maskedTopic.current ?? ''
  const counts = [
    `${view.unchanged} unchanged`,
    `${view.changed} changed`,
    `${view.newlyPublished} newly published`,
    `${view.noLongerPublished} no longer published`,
  ]
  return [
    `  view ${view.view} -> ${target}: ${counts.join(', ')}\n`,
    ...outcomes
      .filter(({ current, candidate }) => current !== candidate)
      .map(({ current, candidate, records }) => `    ${records} records: ${current} -> ${candidate}\n`),
    ...rejected
      .filter(({ candidate }) => candidate > 0)
      .map(
        ({ code, path, current, candidate, newly }) =>
          `    rejected ${code} at ${path}: ${candidate} (now ${current}), ${newly} newly\n`,
      ),
    ...problems.map(({ code, path, detail, in: by }) => `    problem ${code} at ${path} (${by}): ${detail}\n`),
    columns.length === 0 ? '' : columnsText(columns),
  ].join('')
}

const heading = ['column', 'now', 'candidate', 'changed', 'newly clear', 'newly masked', 'newly dropped', 'newly added']

function columnsText(columns: readonly ColumnDryRun[]): string {
  const rows = columns.map(column => [
    column.path,
    column.rules.current,
    column.rules.candidate,
    number(column.changed),
    column.newlyClear === 0 && column.clearByRule ? 'by rule' : number(column.newlyClear),
    number(column.newlyMasked),
    number(column.newlyDropped),
    number(column.newlyAdded),
  ])
  return `${table([heading, ...rows])}${columns.map(samplesText).join('')}`
}

/** Samples that look alike on one line, with the places where they lie. */
function samplesText({ path, samples }: ColumnDryRun): string {
  const alike = Map.groupBy(samples, ({ raw, current, candidate }) => `${raw}; now ${current}; candidate ${candidate}`)
  return [...alike]
    .map(([text, some]) => {
      const places = some.map(({ partition, offset }) => `${partition}@${offset}`)
      return `    ${path}: ${text} (${places.join(', ')})\n`
    })
    .join('')
}

const number = (count: number): string => (count === 0 ? '' : String(count))
