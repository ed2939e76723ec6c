import { AFTER, BEFORE, Column, type ColumnUse, createLayout, type Layout, MASK, refuseUnknown } from '../layout.ts'
import { asItStands } from '../mask/literal.ts'
import type { RowProgram } from '../project/row-program.ts'

/** What Debezium itself puts into records, in every version and connector we know. All else is refused or denied. */

/** Where and when, by connector. `user_name` is the account at the database that made the change, no person of a row. */
export const sourceMembers = [
  ...['version', 'connector', 'name', 'ts_ms', 'ts_us', 'ts_ns', 'snapshot', 'db', 'sequence', 'schema', 'table'],
  // PostgreSQL; the transaction is others' too
  ...['txId', 'lsn', 'xmin', 'origin', 'origin_lsn'],
  // MySQL, MariaDB
  ...['server_id', 'gtid', 'file', 'pos', 'row', 'thread'],
  // SQL Server, Db2, Informix
  ...['change_lsn', 'commit_lsn', 'begin_lsn', 'event_serial_no'],
  // Oracle: `ssn` is the sequence number of a statement
  ...['txSeq', 'scn', 'commit_scn', 'start_scn', 'lcr_position', 'rs_id', 'ssn', 'redo_thread', 'row_id', 'user_name'],
  ...['start_ts_ms', 'commit_ts_ms'],
  // MongoDB, Vitess
  ...['collection', 'keyspace', 'shard', 'vgtid'],
] as const

/** MySQL's, MariaDB's and Oracle's: null unless somebody asked for it, else a whole statement with its values. */
export const statementMembers: readonly string[] = ['query', 'redo_sql']

export const transactionMembers = ['id', 'total_order', 'data_collection_order'] as const

export const envelopeMembers = ['before', 'after', 'source', 'transaction', 'op', 'ts_ms', 'ts_us', 'ts_ns'] as const

/**
 * Of these members, what every connector writes as a number; `txId`, `lsn` and the like are texts at some. A schema block
 * says it of each member itself.
 */
const numbers: ReadonlySet<string> = new Set([
  ...['ts_ms', 'ts_us', 'ts_ns', 'xmin', 'server_id', 'pos', 'row', 'thread', 'event_serial_no'],
  ...['txSeq', 'ssn', 'redo_thread', 'start_ts_ms', 'commit_ts_ms'],
  ...['total_order', 'data_collection_order'],
])

const transactionTopicMembers = ['status', 'id', 'event_count', 'data_collections', 'ts_ms']
const messageMembers = ['op', 'ts_ms', 'source', 'transaction', 'message']

/**
 * Columns that ExtractNewRecordState adds to a flattened row (`add.fields`, `rewrite`), default prefix. Without `source`
 * only those that no table has: `__name` or `__file` could be a column of somebody's.
 */
export const flattenedMetadata: ReadonlySet<string> = new Set<string>([
  ...['deleted', 'op', 'table', 'db', 'schema', 'lsn', 'txId', 'xmin', 'ts_ms', 'ts_us', 'ts_ns'].map(
    name => `__${name}`,
  ),
  ...sourceMembers.map(name => `__source_${name}`),
  ...transactionMembers.map(name => `__transaction_${name}`),
])

/** The same of a column that ExtractNewRecordState adds. */
export const isFlattenedNumber = (name: string): boolean =>
  numbers.has(name.replace(/^__(?:source_|transaction_)?/, ''))

/** TimestampConverter, which reaches the columns of a flattened row only, writes these as texts. */
export const mayBeTime = (name: string): boolean => /_ts_[mun]s$/.test(name)

export interface Member {
  readonly name: string
  readonly isNumber: boolean
}

/** The members that a schema block names, of the envelope and of its two structs beside the rows. */
export interface EnvelopeMembers {
  readonly members: readonly Member[]
  readonly source: readonly Member[]
  readonly transaction: readonly Member[]
}

const withoutSchema = (names: readonly string[]): Member[] => names.map(name => ({ name, isNumber: numbers.has(name) }))

/** The envelope around two row images; `known` where a schema block tells it: what that lacks is then refused. */
export function envelopeLayout(before: Layout, after: Layout, known: EnvelopeMembers | null = null): Layout {
  const own = after.program ?? before.program
  const program = own === null ? null : { ...own, addedBefore: before.program?.added ?? [] }
  const stranger = refuseUnknown(known === null ? 'RECORD_UNKNOWN_MEMBER' : 'RECORD_NOT_IN_SCHEMA')
  const { members, source, transaction } = known ?? {
    members: withoutSchema(envelopeMembers),
    source: withoutSchema([...sourceMembers, ...statementMembers]),
    transaction: withoutSchema(transactionMembers),
  }
  const columns = members.map(({ name, isNumber }) => {
    switch (name) {
      case 'before':
        return new Column(name, { child: before, ...imageUse(BEFORE, program) })
      case 'after':
        return new Column(name, { child: after, ...imageUse(AFTER, program) })
      case 'source':
        return new Column(name, { child: metadataLayout('source', source, stranger, program) })
      case 'transaction':
        return new Column(name, { child: metadataLayout('transaction', transaction, stranger, null) })
      default:
        return new Column(name, {
          tellsOperation: name === 'op',
          isScalar: true,
          isNumber,
          ...memberUse(name, program),
        })
    }
  })
  return createLayout('', columns, stranger, program)
}

type Use = Partial<Pick<Column, 'act' | 'mask' | 'use'>>

const noUse: Use = {}

const taken = (of: ColumnUse['of'], image: number, slot: number): Use => ({
  act: MASK,
  mask: asItStands,
  use: { of, image, slot, computed: null, renamed: null },
})

/** An image that a filter may take out, that is compared with the other, or that a projection adds columns to. */
function imageUse(image: number, program: RowProgram | null): Use {
  if (program === null) return noUse
  return program.filter !== null || program.compares || program.added.length + program.addedBefore.length > 0
    ? taken('image', image, -1)
    : noUse
}

/** What a filter reads or rewrites of an envelope, or of what ExtractNewRecordState adds to a flattened row. */
export function memberUse(name: string, program: RowProgram | null): Use {
  if (program === null) return noUse
  if (name === 'op' && program.filter !== null) return taken('operation', AFTER, -1)
  if (name === '__deleted' && program.filter !== null) return taken('deleted', AFTER, -1)
  return name.startsWith('__source_') ? sourceUse(name.slice('__source_'.length), program) : noUse
}

/** A member of the source that an expression reads. */
function sourceUse(name: string, { sourceMembers: read }: RowProgram): Use {
  const slot = (read as readonly string[]).indexOf(name)
  return slot < 0 ? noUse : taken('source', AFTER, slot)
}

function metadataLayout(
  label: string,
  members: readonly Member[],
  stranger: Layout['unknown'],
  program: RowProgram | null,
): Layout {
  return createLayout(
    label,
    members.map(({ name, isNumber }) =>
      label === 'source' && statementMembers.includes(name)
        ? new Column(name, { isScalar: true, isAbsent: true, code: 'RECORD_UNKNOWN_MEMBER' })
        : new Column(name, { isScalar: true, isNumber, ...(program === null ? noUse : sourceUse(name, program)) }),
    ),
    stranger,
  )
}

export type RecordShape = 'event' | 'row' | 'heartbeat' | 'transaction' | 'message' | 'schema-change'

/** By the name of the value's schema, as the sinks do. */
export function shapeBySchema(name: string | null, fields: readonly string[]): RecordShape {
  if (name === 'io.debezium.connector.common.Heartbeat') return 'heartbeat'
  if (name === 'io.debezium.connector.common.TransactionMetadataValue') return 'transaction'
  if (name !== null && /^io\.debezium\.connector\.[a-z]+\.MessageValue$/.test(name)) return 'message'
  if (name?.endsWith('.SchemaChangeValue')) return 'schema-change'
  if (name?.endsWith('.Envelope') || (name === null && fields.includes('op'))) return 'event'
  return 'row'
}

const sameSet = (names: ReadonlySet<string>, members: readonly string[]): boolean =>
  names.size === members.length && members.every(name => names.has(name))

/** By the members' names, where there is no schema. What is none of Debezium's own is a row: unknown columns are denied there. */
export function shapeByMembers(topic: string, names: ReadonlySet<string>): RecordShape {
  const isEnvelope =
    names.has('source') || [...names].every(name => (envelopeMembers as readonly string[]).includes(name))
  if (isEnvelope && names.has('op') && (names.has('before') || names.has('after'))) return 'event'
  // A table could have these columns too, so the topic's name must agree.
  if (topic.startsWith('__debezium-heartbeat') && sameSet(names, ['ts_ms'])) return 'heartbeat'
  if (topic.endsWith('.transaction') && sameSet(names, transactionTopicMembers)) return 'transaction'
  if (sameSet(names, messageMembers)) return 'message'
  return 'row'
}
