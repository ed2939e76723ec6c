import type { AuditRow } from '../../services/ports.ts'
import type { SealedRow } from './audit-seal.ts'

/** What is the same in all rows of a trail. */
export interface TrailNames {
  readonly clusterId: string
  readonly sourceSystem: string
  readonly targetSystem: string
  /** `user_id`: on whose behalf the rows are written. */
  readonly userId: string
}

/** A row as it is stored, before it has an id. */
export type StoredRow = Omit<SealedRow, 'auditId'>

/** Brings a row into the form and the widths of the table, so that no row can ever be refused. */
export function storedRow(row: AuditRow, names: TrailNames): StoredRow {
  return {
    event: row.event,
    sourceSystem: names.sourceSystem,
    targetSystem: names.targetSystem,
    table: row.topic.slice(row.topic.lastIndexOf('.') + 1).slice(0, TABLE_NAME_LENGTH),
    recordId: row.recordId?.toLowerCase() ?? null,
    operation:
      row.operation === 'none'
        ? null
        : (sqlNames[row.operation] ?? clean(row.operation).toUpperCase()).slice(0, OPERATION_LENGTH),
    maskedFields: row.maskedFields.map(clean),
    timestampMs: String(Math.min(Math.max(Math.trunc(row.timestamp), FIRST_MS), LAST_MS)),
    user: names.userId,
    cluster: names.clusterId,
    topic: clean(row.topic),
    partition: row.partition,
    offset: String(row.offset),
    view: clean(row.view),
    policyVersion: row.policyVersion,
    reason: row.reason,
    records: row.records,
  }
}

const TABLE_NAME_LENGTH = 100
const OPERATION_LENGTH = 10

/** The years 1 to 9999: a record may claim any 64-bit time, and one that Postgres cannot hold would stop its partition. */
const FIRST_MS = Date.UTC(2001, 0, 1) - 730_485 * 86_400_000
const LAST_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

/** The document speaks SQL where Debezium does not. */
const sqlNames: Readonly<Record<string, string>> = { create: 'INSERT' }

/** Postgres takes neither NUL nor half of a surrogate pair. */
function clean(text: string): string {
  return text.replaceAll('\u0000', '\ufffd').toWellFormed()
}

// Built from the typed columns in one place, so that the verification can tell when it was changed.
const details = (
  r: string,
  cluster: string,
) => `jsonb_strip_nulls(jsonb_build_object('cluster', ${cluster}, 'topic', ${r}.topic,
  'partition', ${r}.topic_partition, 'offset', ${r}.topic_offset, 'view', ${r}.view, 'policyVersion', ${r}.policy_version,
  'reason', ${r}.reason, 'records', nullif(${r}.records, 1)))`

/** One statement for a whole batch; rows that are there already are left out. Values: `insertValues`. */
export const insertRows = {
  name: 'scrim-audit-insert',
  text: `
with seal as materialized (select nextval('cdc_audit_seal_id') as seal_id)
insert into cdc_audit_log (event_type, source_system, target_system, table_name, record_id, operation, masked_fields, "timestamp",
  user_id, details, cluster_id, topic, topic_partition, topic_offset, view, policy_version, reason, records, seal_id, seal_row)
select r.event_type, $1, $2, r.table_name, r.record_id, r.operation, (($5::text[])[r.masked])::text[],
  timestamptz 'epoch' + r.timestamp_ms * interval '1 millisecond',
  $3, ${details('r', '$4::text')}, $4, r.topic, r.topic_partition, r.topic_offset, r.view, r.policy_version, r.reason, r.records,
  seal.seal_id, r.seal_row
from seal cross join unnest($6::text[], $7::text[], $8::uuid[], $9::text[], $10::int[], $11::bigint[], $12::text[], $13::int[],
  $14::bigint[], $15::text[], $16::int[], $17::text[], $18::int[]) with ordinality
  as r (event_type, table_name, record_id, operation, masked, timestamp_ms, topic, topic_partition,
    topic_offset, view, policy_version, reason, records, seal_row)
on conflict do nothing
returning audit_id, seal_id, seal_row`,
}

/** The parameters of `insertRows`, column by column. */
export function insertValues(rows: readonly StoredRow[], names: TrailNames): unknown[] {
  // Postgres has no array of arrays of different lengths, and the same few lists stand in all rows: a dictionary of literals.
  const lists = new Map<string, number>()
  const masked = rows.map(({ maskedFields }) => {
    const literal = arrayLiteral(maskedFields)
    const known = lists.get(literal) ?? lists.size + 1
    lists.set(literal, known)
    return known
  })
  return [
    names.sourceSystem,
    names.targetSystem,
    names.userId,
    names.clusterId,
    [...lists.keys()],
    rows.map(row => row.event),
    rows.map(row => row.table),
    rows.map(row => row.recordId),
    rows.map(row => row.operation),
    masked,
    rows.map(row => row.timestampMs),
    rows.map(row => row.topic),
    rows.map(row => row.partition),
    rows.map(row => row.offset),
    rows.map(row => row.view),
    rows.map(row => row.policyVersion),
    rows.map(row => row.reason),
    rows.map(row => row.records),
  ]
}

function arrayLiteral(texts: readonly string[]): string {
  return `{${texts.map(text => `"${text.replaceAll(/["\\]/g, '\\$&')}"`).join(',')}}`
}

/** Column aliases that are the members of `SealedRow`, and whether `details` still says what the columns say. */
export const sealedColumns = `audit_id as "auditId", event_type as "event", source_system as "sourceSystem", target_system as "targetSystem",
  table_name as "table", record_id as "recordId", operation, masked_fields as "maskedFields",
  round(extract(epoch from "timestamp") * 1000)::bigint as "timestampMs", user_id as "user", cluster_id as "cluster", topic,
  topic_partition as "partition", topic_offset as "offset", view, policy_version as "policyVersion", reason, records,
  details is not distinct from ${details('cdc_audit_log', 'cluster_id')} as "isDetailed"`
