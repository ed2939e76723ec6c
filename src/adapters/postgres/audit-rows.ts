import type { AuditRow } from '../../services/ports/audit.ts'
import type { RowShape } from './audit-seal.ts'

/** What is the same in all rows of a trail. */
export interface TrailNames {
  readonly clusterId: string
  readonly sourceSystem: string
  readonly targetSystem: string
  /** `user_id`: on whose behalf the rows are written. */
  readonly userId: string
}

/**
 * Rows of one statement, in columns. What hundreds of rows have in common (all but offset, time and key) is a shape that is
 * sent once: the audit must not cost more than the masking.
 */
export interface PackedRows {
  readonly count: number
  readonly shapes: readonly RowShape[]
  /** For each row the index of its shape. */
  readonly shapeOf: readonly number[]
  readonly offsets: readonly bigint[]
  readonly timestampsMs: readonly number[]
  readonly recordIds: readonly (string | null)[]
}

/** Brings rows into the form and the widths of the table, so that none can ever be refused. */
export function packRows(rows: readonly AuditRow[], names: TrailNames): PackedRows {
  const shapes: RowShape[] = []
  const models: AuditRow[] = []
  const shapeOf = rows.map(row => {
    const known = models.findIndex((model, at) => at < MAX_COMPARED && haveOneShape(model, row))
    if (known >= 0) return known
    models.push(row)
    return shapes.push(shapeOfRow(row, names)) - 1
  })
  return {
    count: rows.length,
    shapes,
    shapeOf,
    offsets: rows.map(({ offset }) => offset),
    timestampsMs: rows.map(({ timestamp }) => Math.min(Math.max(Math.trunc(timestamp), FIRST_MS), LAST_MS)),
    recordIds: rows.map(({ recordId }) => recordId?.toLowerCase() ?? null),
  }
}

/** More shapes than this are not looked for: a shape that is sent twice is no error. */
const MAX_COMPARED = 16

function haveOneShape(a: AuditRow, b: AuditRow): boolean {
  return (
    a.operation === b.operation &&
    a.event === b.event &&
    a.view === b.view &&
    a.reason === b.reason &&
    a.maskedFields === b.maskedFields &&
    a.partition === b.partition &&
    a.policyVersion === b.policyVersion &&
    a.records === b.records &&
    a.topic === b.topic
  )
}

function shapeOfRow(row: AuditRow, names: TrailNames): RowShape {
  const topic = clean(row.topic)
  return {
    event: row.event,
    sourceSystem: names.sourceSystem,
    targetSystem: names.targetSystem,
    table: topic.slice(topic.lastIndexOf('.') + 1).slice(0, TABLE_NAME_LENGTH),
    operation: row.operation === 'none' ? null : operationName(row.operation),
    maskedFields: row.maskedFields.map(clean),
    user: names.userId,
    cluster: names.clusterId,
    topic,
    partition: row.partition,
    view: clean(row.view),
    policyVersion: row.policyVersion,
    reason: row.reason,
    records: row.records,
  }
}

const TABLE_NAME_LENGTH = 100
const OPERATION_LENGTH = 10

/** The years 1 to 9999: a record may claim any 64-bit time, and one that Postgres cannot hold would stop its partition. */
const FIRST_MS = Date.parse('0001-01-01T00:00:00.000Z')
const LAST_MS = Date.parse('9999-12-31T23:59:59.999Z')

/** The document speaks SQL where Debezium does not. */
function operationName(operation: string): string {
  return operation === 'create' ? 'INSERT' : clean(operation).toUpperCase().slice(0, OPERATION_LENGTH)
}

/** Postgres takes neither NUL nor half of a surrogate pair. */
function clean(text: string): string {
  return text.replaceAll('\u0000', '\ufffd').toWellFormed()
}

// Built from the typed columns in one place, so that the verification can tell when it was changed.
const details = (cluster: string, shape: string, offset: string) =>
  `jsonb_strip_nulls(jsonb_build_object('cluster', ${cluster}, 'topic', ${shape}topic, 'partition', ${shape}topic_partition,
    'offset', ${offset}, 'view', ${shape}view, 'policyVersion', ${shape}policy_version, 'reason', ${shape}reason,
    'records', nullif(${shape}records, 1)))`

/**
 * One statement for a whole batch; rows that are there already are left out. Values: `insertValues`. Answers with one row: the
 * seal's number, and of what was inserted the ids and the places in the batch.
 */
export const insertRows = {
  name: 'scrim-audit-insert',
  text: `
with seal as materialized (select nextval('cdc_audit_seal_id') as seal_id),
shape as materialized (
  select * from unnest($5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::int[], $11::text[], $12::int[], $13::text[], $14::int[])
    with ordinality as shape (event_type, table_name, operation, masked_fields, topic, topic_partition, view, policy_version,
      reason, records, number)
),
inserted as (
  insert into cdc_audit_log (event_type, source_system, target_system, table_name, record_id, operation, masked_fields, "timestamp",
    user_id, details, cluster_id, topic, topic_partition, topic_offset, view, policy_version, reason, records, seal_id, seal_row)
  select shape.event_type, $1, $2, shape.table_name, r.record_id, shape.operation, shape.masked_fields::text[],
    timestamptz 'epoch' + r.timestamp_ms * interval '1 millisecond',
    $3, ${details('$4::text', 'shape.', 'r.topic_offset')}, $4, shape.topic, shape.topic_partition, r.topic_offset, shape.view,
    shape.policy_version, shape.reason, shape.records, seal.seal_id, r.seal_row
  from unnest($15::int[], $16::bigint[], $17::bigint[], $18::uuid[]) with ordinality
      as r (shape, topic_offset, timestamp_ms, record_id, seal_row)
    join shape on shape.number = r.shape + 1
    cross join seal
  order by r.seal_row
  on conflict do nothing
  returning audit_id, seal_id, seal_row
)
select min(seal_id) as seal_id, string_agg(audit_id::text, ',' order by seal_row) as audit_ids,
  string_agg(seal_row::text, ',' order by seal_row) as seal_rows
from inserted`,
}

/** The parameters of `insertRows`. Arrays go as literals: pg would escape each number on its own. */
export function insertValues(packed: PackedRows, names: TrailNames): unknown[] {
  const { shapes } = packed
  return [
    names.sourceSystem,
    names.targetSystem,
    names.userId,
    names.clusterId,
    shapes.map(shape => shape.event),
    shapes.map(shape => shape.table),
    shapes.map(shape => shape.operation),
    // Postgres has no array of arrays of different lengths.
    shapes.map(shape => textArray(shape.maskedFields)),
    shapes.map(shape => shape.topic),
    shapes.map(shape => shape.partition),
    shapes.map(shape => shape.view),
    shapes.map(shape => shape.policyVersion),
    shapes.map(shape => shape.reason),
    shapes.map(shape => shape.records),
    `{${packed.shapeOf.join()}}`,
    `{${packed.offsets.join()}}`,
    `{${packed.timestampsMs.join()}}`,
    `{${packed.recordIds.map(id => id ?? 'null').join()}}`,
  ]
}

function textArray(texts: readonly string[]): string {
  return `{${texts.map(text => `"${text.replaceAll(/["\\]/g, '\\$&')}"`).join()}}`
}

/** A stored row as the verification reads it. */
export interface StoredRow extends RowShape {
  readonly auditId: string
  readonly timestampMs: string
  readonly offset: string
  readonly recordId: string | null
  /** Does `details` still say what the columns say? */
  readonly isDetailed: boolean
}

/** The columns of a `StoredRow`. */
export const storedColumns = `audit_id as "auditId", event_type as "event", source_system as "sourceSystem",
  target_system as "targetSystem", table_name as "table", record_id as "recordId", operation, masked_fields as "maskedFields",
  round(extract(epoch from "timestamp") * 1000)::bigint as "timestampMs", user_id as "user", cluster_id as "cluster", topic,
  topic_partition as "partition", topic_offset as "offset", view, policy_version as "policyVersion", reason, records,
  details is not distinct from ${details('cluster_id', '', 'topic_offset')} as "isDetailed"`
