import { randomUUID } from 'node:crypto'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { createPolicyFolder } from '../../adapters/policy-files/folder.ts'
import type { Problem } from '../../errors.ts'
import { Unreadable } from '../../pipeline/decode/scanner.ts'
import type { Plan, ViewPlan } from '../../pipeline/plan.ts'
import { ruleOf } from '../../pipeline/project/row-scope.ts'
import { compileSchema, type SchemaPlan } from '../../pipeline/project/schema-plan.ts'
import { type ColumnType, type SchemaColumn, typeText } from '../../pipeline/schema.ts'
import { isTableSchema, type PolicyDocument, type TableSchemaDocument } from '../../policy/document.ts'
import { readDocuments } from '../../policy/read-documents.ts'
import { scrubType } from '../../policy/scrub-schema.ts'
import { parseStrictJson } from '../../policy/strict-json.ts'
import { readTableSchema, tableSchemaFor } from '../../policy/table-schema.ts'
import { note, warning } from '../../services/finding.ts'
import type { Finding } from '../../services/ports/checks.ts'
import type { Part, Samples, TopicSample } from './samples.ts'

/** A table schema that is to be accepted, beside what was accepted before. */
export interface Acceptance {
  readonly topic: string
  readonly document: TableSchemaDocument
  readonly isChanged: boolean
  /** `+ name type`, `- name type`, `~ name type -> type`: against what was accepted before. */
  readonly diff: readonly string[]
  /** Columns that no policy names: known, and in clear, by this acceptance alone. */
  readonly inClear: readonly { readonly column: string; readonly isNew: boolean; readonly until: string }[]
  /** Columns that only the wildcard of a policy covers: not accepted, for that would put them in clear. */
  readonly leftToWildcard: readonly string[]
}

/** The plans of the blocks that were met, under the rules of a view; a block that is no schema has none. */
export function schemaPlans(view: ViewPlan, { topic, blocks }: TopicSample, part: Part): SchemaPlan[] {
  return [...blocks[part].values()].flatMap(bytes => {
    try {
      return [compileSchema(bytes, { topic, part, rules: view.rules, keys: view.keys })]
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error
      return []
    }
  })
}

/**
 * What accepting the schemas of these topics would store. `plan` is made of the policies without the table schemas of
 * these topics; `clear` names columns that are accepted although a wildcard masks them now.
 */
export function acceptances(
  samples: Samples,
  topics: readonly string[],
  plan: Plan,
  documents: readonly PolicyDocument[],
  clear: ReadonlySet<string>,
): Acceptance[] {
  return topics.flatMap((topic): Acceptance[] => {
    const sample = samples.topics.get(topic)
    const views = plan.forTopic(topic, { compacted: false })?.views ?? []
    const [view] = views
    if (sample === undefined || view === undefined) return []
    const met = columnsOf(view, sample)
    if (met.length === 0) return []
    const before = documents.filter(isTableSchema).find(({ tableSchema }) => tableSchema.topic === topic)
    const old = before === undefined ? [] : readTableSchema(before).schema.columns
    const known = new Set([...clear, ...old.map(({ name }) => name)])
    // A schema is accepted for all views, so what a wildcard masks in one of them is left.
    const isLeft = ({ name }: SchemaColumn): boolean =>
      !known.has(name) && views.some(({ rules }) => rules.wildcard !== null && ruleOf(name, rules) === rules.wildcard)
    const columns = met.filter(column => !isLeft(column))
    const made = tableSchemaFor(topic, columns)
    const document: TableSchemaDocument = before === undefined ? made : { ...before, tableSchema: made.tableSchema }
    return [
      {
        topic,
        document,
        isChanged: JSON.stringify(before) !== JSON.stringify(document) && (columns.length > 0 || before !== undefined),
        diff: diffColumns(old, columns),
        inClear: inClear(views, columns, old),
        leftToWildcard: met.filter(isLeft).map(({ name }) => name),
      },
    ]
  })
}

/** In the table's order; columns that only an older version of the schema or the key has come last. */
function columnsOf(view: ViewPlan, sample: TopicSample): SchemaColumn[] {
  const found = new Map<string, ColumnType>()
  for (const part of ['value', 'key'] as const) {
    const rows = schemaPlans(view, sample, part).filter(({ shape }) => shape === 'event' || shape === 'row')
    for (const { name, type } of rows.reverse().flatMap(({ columns }) => columns))
      if (!found.has(name)) found.set(name, type)
  }
  return [...found].map(([name, type]) => ({ name, type: scrubType(type) }))
}

function diffColumns(before: readonly SchemaColumn[], after: readonly SchemaColumn[]): string[] {
  const old = new Map(before.map(({ name, type }) => [name, type]))
  const now = new Map(after.map(({ name, type }) => [name, type]))
  const added = after.flatMap(({ name, type }) => {
    const was = old.get(name)
    if (was === undefined) return [`+ ${name} ${fullType(type)}`]
    return fullType(was) === fullType(type) ? [] : [`~ ${name} ${fullType(was)} -> ${fullType(type)}`]
  })
  return [
    ...added,
    ...before.filter(({ name }) => !now.has(name)).map(({ name, type }) => `- ${name} ${fullType(type)}`),
  ]
}

function fullType(type: ColumnType): string {
  const parameters = [...type.parameters]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name.replace('__debezium.source.column.', '')}=${value}`)
  return [
    typeText(type),
    ...(type.optional ? [] : ['not null']),
    ...(parameters.length === 0 ? [] : [`(${parameters.join(', ')})`]),
  ].join(' ')
}

function inClear(
  views: readonly ViewPlan[],
  columns: readonly SchemaColumn[],
  old: readonly SchemaColumn[],
): Acceptance['inClear'] {
  const known = new Set(old.map(({ name }) => name))
  return views.flatMap(({ view, rules }) => {
    const now =
      rules.wildcard === null
        ? `unknown (${rules.unknown})`
        : // A wildcard stands for columns that nothing names, and an accepted one is named.
          `covered by the wildcard of policy ${rules.wildcard.policy}`
    const until = views.length === 1 ? now : `${now} in view ${view}`
    return columns
      .filter(({ name }) => !rules.byName.has(name) && rules.matching?.(name) == null)
      .map(({ name }) => ({ column: name, isNew: !known.has(name), until }))
  })
}

/** The documents with the accepted ones in place of those before. */
export function withAccepted(documents: readonly PolicyDocument[], accepted: readonly Acceptance[]): PolicyDocument[] {
  return [
    ...withoutTopics(
      documents,
      accepted.map(({ topic }) => topic),
    ),
    ...accepted.map(({ document }) => document),
  ]
}

/** The documents without the table schemas of these topics. */
export const withoutTopics = (documents: readonly PolicyDocument[], topics: readonly string[]): PolicyDocument[] =>
  documents.filter(document => !isTableSchema(document) || !topics.includes(document.tableSchema.topic))

/** Where the acceptances will be written: path to the documents of the file. */
export type FilesToWrite = ReadonlyMap<string, readonly TableSchemaDocument[]>

/**
 * Each to the file that holds the topic's schema now, else to `out`, else to a file of its own in the policies folder.
 * A file that holds anything else beside table schemas is people's work and is not written.
 */
export async function placeAcceptances(
  accepted: readonly Acceptance[],
  { folder, out }: { readonly folder: string; readonly out: string | null },
): Promise<{ readonly files: FilesToWrite; readonly problems: readonly Problem[] }> {
  const isFolder = (await stat(folder).catch(() => null))?.isDirectory() ?? false
  const present = await readPresent(folder, isFolder)
  const target = out === null ? null : resolve(out)
  if (target !== null && !present.has(target))
    for (const [path, held] of await readPresent(target, false)) present.set(path, held)
  const files = new Map<string, TableSchemaDocument[]>()
  const problems: Problem[] = []
  const refuse = (topic: string, policy: string, detail: string): void =>
    void problems.push({ code: 'POLICY_SHAPE', severity: 'error', where: { policy, topic }, detail })
  for (const { topic, document } of accepted) {
    const home = [...present].find(([, held]) =>
      held?.some(one => isTableSchema(one) && one.tableSchema.topic === topic),
    )?.[0]
    const path = home ?? target ?? (isFolder ? resolve(folder, `schema.${topic}.json`) : null)
    const held = path === null ? null : (files.get(path) ?? (present.has(path) ? (present.get(path) ?? null) : []))
    if (path === null) refuse(topic, folder, 'the policies are one file: say with --out where the schemas go')
    else if (home !== undefined && target !== null && home !== target)
      refuse(topic, home, 'the schema of the topic stands in this file: leave out --out, or take it out of there')
    else if (held === null) refuse(topic, path, 'what stands in the file cannot be read: it is not overwritten')
    else if (!held.every(isTableSchema))
      refuse(topic, path, 'the file holds policies beside table schemas: put the schemas into a file of their own')
    else {
      const kept = held.filter(one => one.tableSchema.topic !== topic)
      files.set(
        path,
        [...kept, document].sort((x, y) => (x.tableSchema.topic < y.tableSchema.topic ? -1 : 1)),
      )
    }
  }
  return { files, problems }
}

/** The documents of each file; null where not all of it is one. */
async function readPresent(path: string, isFolder: boolean): Promise<Map<string, readonly PolicyDocument[] | null>> {
  const { files, problems } = await createPolicyFolder({ path }).read()
  const place = (name: string): string => (isFolder ? resolve(path, name) : resolve(path))
  const unreadable = problems.map(({ where }) => [place(where.policy ?? ''), null] as const)
  const read = files.map(({ name, text }) => {
    const parsed = parseStrictJson(text)
    const found = 'fault' in parsed ? null : readDocuments(parsed.value, name)
    return [place(name), found === null || found.problems.length > 0 ? null : found.documents] as const
  })
  return new Map([...unreadable, ...read])
}

/**
 * Writes each file whole or not at all: a running service reads them at any time. Must not wait for anything between
 * two files: a signal would leave a part of them. Throws the system's error.
 */
export function writeAcceptances(files: FilesToWrite): void {
  for (const [path, documents] of files) {
    const text = `${JSON.stringify(documents.length === 1 ? documents[0] : documents, null, 2)}\n`
    const next = join(dirname(path), `.${randomUUID()}.tmp`)
    try {
      writeFileSync(next, text, { flag: 'wx' })
      renameSync(next, path)
    } catch (error) {
      rmSync(next, { force: true })
      throw error
    }
  }
}

/** What somebody must know of acceptances: columns in clear, left to a wildcard, or not known any more. */
export function acceptanceFindings(accepted: readonly Acceptance[]): Finding[] {
  return accepted.flatMap(({ topic, diff, inClear, leftToWildcard }) => {
    const found: Finding[] = []
    const names = inClear.map(({ column }) => column).join(', ')
    if (names !== '')
      found.push(
        warning(
          'SCHEMA_IN_CLEAR',
          topic,
          `Columns that no policy names go out in clear by the accepted schema alone: ${names}`,
          "Look at each; what is nobody else's business gets a mask or `drop`, the others `none`, so that a policy says so.",
        ),
      )
    if (leftToWildcard.length > 0)
      found.push(
        note(
          'SCHEMA_LEFT_TO_WILDCARD',
          topic,
          `Not accepted, so that the wildcard goes on masking them: ${leftToWildcard.join(', ')}`,
          'Name each in a policy, or give --clear COLUMN for one that may go out in clear.',
        ),
      )
    const removed = diff.filter(line => line.startsWith('- '))
    if (removed.length > 0)
      found.push(
        warning(
          'SCHEMA_COLUMN_GONE',
          topic,
          `${removed.length} columns that were accepted are not in the schemas looked at; they are unknown from now on`,
          'Records from before the change that are still to come would be held; name the columns in a policy (`none` or `drop`) until they are through.',
        ),
      )
    return found
  })
}
