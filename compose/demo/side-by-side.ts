import { eventOf } from './compare-records.ts'
import type { Row } from './compare-rows.ts'
import type { Table } from './expected.ts'
import { fit, type Screen } from './screen.ts'
import type { TopicRecord } from './tail.ts'

/** One row at the four places of its way. */
export interface Journey {
  readonly table: Table
  readonly source: Row
  readonly raw: TopicRecord
  readonly masked: TopicRecord
  readonly loaded: Row
}

/** Prints a row of the source, its raw record, its masked record and the row that the sink loaded, column by column. */
export function showJourney(screen: Screen, { table, source, raw, masked, loaded }: Journey): void {
  const names = Object.keys(table.columns)
  const nameWidth = Math.min(19, Math.max(...names.map(name => name.length)))
  const width = Math.floor((screen.width - nameWidth - 1) / 4) - 2
  // Where the end tells more than the beginning: names with a common prefix, values behind stars.
  const keepEnd = (cell: string) => (cell.length <= width ? cell : `…${cell.slice(1 - width)}`)
  const line = (name: string, cells: readonly string[], paint = (text: string) => text): void =>
    screen.line(
      `${fit(name, nameWidth)} ${cells.map((cell, i) => (i < 2 ? fit(cell, width) : paint(fit(cell, width)))).join('  ')}`.trimEnd(),
    )
  line('', ['source row', 'raw record', 'masked record', 'loaded row'], screen.bold)
  line('', [table.source, raw.topic, masked.topic, table.target].map(keepEnd), screen.faint)
  line(
    'partition/offset',
    ['', `${raw.partition}/${raw.offset}`, `${masked.partition}/${masked.offset}`, ''],
    screen.faint,
  )
  const rawRow = eventOf(raw)?.payload.after ?? {}
  const maskedRow = eventOf(masked)?.payload.after ?? {}
  for (const name of names) {
    const isHidden = table.columns[name] !== 'clear'
    const cells = [text(source[name]), text(rawRow[name]), text(maskedRow[name]), text(loaded[name])]
    const cut = cells.map(cell => (cell.startsWith('***') ? keepEnd(cell) : cell))
    line(name, cut, isHidden ? screen.good : screen.faint)
  }
}

function text(cell: unknown): string {
  if (cell === undefined) return '(absent)'
  return typeof cell === 'string' ? cell : JSON.stringify(cell)
}
