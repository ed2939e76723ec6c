import type { KeyObject } from 'node:crypto'
import { type BatchOutcome, type MaskedBatch, OP_NONE, operationNames, type RawBatch } from '../pipeline/batch.ts'
import type { TopicPlan } from '../pipeline/plan.ts'
import { recordIdOf } from '../pipeline/seal.ts'
import { sourcesOf } from '../pipeline/serialize/masked-batch.ts'
import type { AuditRow } from './ports/audit.ts'

export interface AuditContext {
  readonly raw: RawBatch
  readonly plan: TopicPlan
  readonly policyVersion: number
  readonly secret: KeyObject
}

/** A row for each record and view: published, dropped, rejected. The operation is the one that went out, else the raw one. */
export function recordRows(
  published: readonly MaskedBatch[],
  departures: BatchOutcome['departures'],
  operations: Uint8Array,
  context: AuditContext,
): AuditRow[] {
  const rows: AuditRow[] = []
  for (const batch of published) {
    const base = baseOf(batch.view, context)
    for (let n = 0; n < batch.count; n++) {
      // A tombstone behind a delete of our own making is part of what became of that record.
      if (n > 0 && batch.sources[n] === batch.sources[n - 1]) continue
      const record = recordOf(batch.sources[n] as number, batch.operations[n] as number, context)
      rows.push({ ...base, ...record, event: 'mask', reason: null })
    }
  }
  for (const departure of departures) {
    const base = {
      ...baseOf(departure.view, context),
      ...recordOf(departure.index, operations[departure.index] as number, context),
      maskedFields: [],
    }
    rows.push(
      departure.kind === 'drop'
        ? { ...base, event: 'drop', reason: departure.reason }
        : { ...base, event: 'error', reason: departure.code },
    )
  }
  return rows
}

/** One row for what a batch published under a view; what left it still has rows of its own. */
export function batchRows(
  published: readonly MaskedBatch[],
  departures: BatchOutcome['departures'],
  operations: Uint8Array,
  context: AuditContext,
): AuditRow[] {
  const rows = published
    .filter(batch => batch.count > 0)
    .map(
      (batch): AuditRow => ({
        ...baseOf(batch.view, context),
        ...recordOf(batch.sources[0] as number, OP_NONE, context),
        event: 'mask',
        reason: null,
        operation: 'batch',
        recordId: null,
        records: sourcesOf(batch),
      }),
    )
  return [...rows, ...recordRows([], departures, operations, context)]
}

function baseOf(
  view: string,
  { raw, plan, policyVersion }: AuditContext,
): Pick<AuditRow, 'topic' | 'partition' | 'view' | 'policyVersion' | 'maskedFields' | 'records'> {
  const maskedFields = plan.views.find(candidate => candidate.view === view)?.maskedColumns ?? []
  return { topic: raw.topic, partition: raw.partition, view, policyVersion, maskedFields, records: 1 }
}

function recordOf(
  index: number,
  operation: number,
  { raw, secret }: AuditContext,
): Pick<AuditRow, 'offset' | 'timestamp' | 'operation' | 'recordId'> {
  return {
    offset: raw.offsets[index] as bigint,
    timestamp: raw.timestamps[index] as number,
    operation: operationNames[operation] ?? 'none',
    recordId: recordIdOf(secret, raw, index),
  }
}
