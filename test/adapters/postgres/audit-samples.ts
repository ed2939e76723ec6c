import { createSecretKey } from 'node:crypto'
import { createAuditTrail, type SealedAuditTrail } from '../../../src/adapters/postgres/audit-trail.ts'
import type { Database } from '../../../src/adapters/postgres/pool.ts'
import type { AuditRow } from '../../../src/services/ports/audit.ts'

export const auditKey = createSecretKey(Buffer.alloc(32, 7))

export function trailOn(database: Database): SealedAuditTrail {
  return createAuditTrail({
    database,
    key: auditKey,
    clusterId: 'c1',
    sourceSystem: 'warehouse',
    targetSystem: 'citizen',
    userId: 'scrim',
  })
}

export function anAuditRow(change: Partial<AuditRow> = {}): AuditRow {
  return {
    event: 'mask',
    topic: 'warehouse-to-citizen-cdc.golden_records',
    partition: 3,
    offset: 1_000n,
    timestamp: Date.now(),
    view: 'default',
    policyVersion: 7,
    operation: 'update',
    recordId: '0f8fad5b-d9cb-469f-a165-70867728950e',
    maskedFields: ['aadhaar_number', 'phone'],
    reason: null,
    records: 1,
    ...change,
  }
}

/** Rows of one partition from `first` on, each with an offset of its own. */
export function auditRows(count: number, change: Partial<AuditRow> = {}, first = 0n): AuditRow[] {
  return Array.from({ length: count }, (_, n) => anAuditRow({ ...change, offset: first + BigInt(n) }))
}
