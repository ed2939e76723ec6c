import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { compile, type OutcomeLine, type RecordLine } from '../../src/engine.ts'
import type { SchemaColumn } from '../../src/pipeline/schema.ts'
import { batchOfLines } from '../../src/pipeline/record-line.ts'
import { createTransform } from '../../src/pipeline/transform.ts'
import { type JsonNode, memberOf, printJson, readJson } from './naive-json.ts'
import { removeItems, removeMembers, textOf } from './naive-schema.ts'

/** Records captured from a real Debezium, kept beside the project. */
export const fixtureFolder = '../shared/fixtures/debezium'
export const hasFixtures = existsSync(fixtureFolder)

export interface FixtureRecord extends RecordLine {
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly (readonly [string, string | null])[]
}

export const fixtureFiles = (): string[] =>
  hasFixtures ? readdirSync(fixtureFolder).filter(name => name.endsWith('.jsonl')) : []

export function fixtureRecords(file: string): FixtureRecord[] {
  const lines = readFileSync(`${fixtureFolder}/${file}`, 'utf8').trim().split('\n')
  return lines.map(line => JSON.parse(line) as FixtureRecord)
}

export const decoded = (base64: string | null): string | null =>
  base64 === null ? null : Buffer.from(base64, 'base64').toString()

/** A table as its records show it: the columns of its rows and those of its key. */
export interface FixtureTable {
  readonly topic: string
  readonly columns: readonly SchemaColumn[]
  readonly keyColumns: ReadonlySet<string>
}

const rowNames = ['before', 'after']

/** The row images, keys and key headers of a record, as trees of the parsed parts. */
export interface Parts {
  readonly roots: JsonNode[]
  readonly rows: { readonly payload: JsonNode; readonly schema: JsonNode | undefined }[]
}

export function partsOf(record: Pick<FixtureRecord, 'key' | 'value' | 'headers'>): Parts {
  const roots: JsonNode[] = []
  const rows: Parts['rows'][number][] = []
  const read = (base64: string | null): void => {
    if (base64 === null) return
    const { root, faults } = readJson(Buffer.from(base64, 'base64'))
    if (root === null || faults.length > 0) throw new Error('not JSON')
    roots.push(root)
    const schema = memberOf(root, 'payload') === undefined ? undefined : memberOf(root, 'schema')
    const payload = schema === undefined ? root : (memberOf(root, 'payload') as JsonNode)
    const isEvent = memberOf(payload, 'op') !== undefined && memberOf(payload, 'source') !== undefined
    if (!isEvent) rows.push({ payload, schema })
    else {
      for (const name of rowNames) {
        const fields = schema === undefined ? undefined : memberOf(schema, 'fields')
        const struct =
          fields?.kind === 'array' ? fields.items.find(item => textOf(memberOf(item, 'field')) === name) : undefined
        rows.push({ payload: memberOf(payload, name) as JsonNode, schema: struct })
      }
    }
  }
  read(record.key)
  read(record.value)
  for (const [name, value] of record.headers)
    if (name.startsWith('__debezium.oldkey') || name.startsWith('__debezium.newkey')) read(value)
  return { roots, rows }
}

/** The record's JSON with this column taken out of every row and schema: what must not have changed. */
export function textWithout(record: Pick<FixtureRecord, 'key' | 'value' | 'headers'>, column: string): string {
  const { roots, rows } = partsOf(record)
  for (const { payload, schema } of rows) {
    if (payload?.kind === 'object') removeMembers(payload, name => name === column)
    const fields = schema === undefined ? undefined : memberOf(schema, 'fields')
    if (fields?.kind === 'array') {
      const { items } = fields
      removeItems(fields, index => textOf(memberOf(items[index], 'field')) === column)
    }
  }
  const others = record.headers.filter(([name]) => !/^__debezium\.(?:old|new)key$/.test(name))
  return [...roots.map(printJson), JSON.stringify(others)].join('\n')
}

/** The literals that the column has in this record. */
export function literalsOf(record: FixtureRecord, column: string): string[] {
  return partsOf(record).rows.flatMap(({ payload }) => {
    const value = memberOf(payload, column)
    return value === undefined || value.kind === 'null' ? [] : [printJson(value).trim()]
  })
}

/** Reads the tables of a file through the engine's own schema cache; without a schema block by the members of the rows. */
export function tablesOf(records: readonly FixtureRecord[]): FixtureTable[] {
  const topics = [...new Set(records.map(({ topic }) => topic))].filter(
    topic => !/heartbeat|\.transaction$|\.message$|signal/.test(topic),
  )
  return topics.map(topic => {
    const own = records.filter(record => record.topic === topic)
    const { plan } = compile([policyFor(topic, [])])
    const topicPlan = plan?.forTopic(topic, { compacted: false })
    if (topicPlan == null) throw new Error('no plan')
    createTransform()(batchOfLines(own), topicPlan)
    const view = topicPlan.views[0]
    const columns = new Map<string, SchemaColumn>()
    for (const { plan: schema } of view?.valueSchemas.all() ?? [])
      for (const column of schema.columns) columns.set(column.name, column)
    const keyColumns = new Set<string>()
    for (const { key } of own) {
      if (key === null) continue
      const root = readJson(Buffer.from(key, 'base64')).root
      const payload = memberOf(root ?? undefined, 'payload') ?? root
      if (payload?.kind === 'object') for (const { name } of payload.members) keyColumns.add(name)
    }
    return {
      topic,
      columns: [...columns.values()].filter(({ name }) => !/^__(?:deleted|op|table|source_|db)/.test(name)),
      keyColumns,
    }
  })
}

export function policyFor(
  topic: string | readonly string[],
  conditions: readonly Record<string, unknown>[],
): Record<string, unknown> {
  return { name: 'policy', resources: { topic }, maskingPolicy: { maskingConditions: conditions, toast: 'keep' } }
}

export const published = (outcome: OutcomeLine): Pick<FixtureRecord, 'key' | 'value' | 'headers'> => {
  if (outcome.outcome !== 'publish')
    throw new Error(`${outcome.outcome} ${'code' in outcome ? `${outcome.code} ${outcome.where}` : ''}`)
  return outcome.record
}
