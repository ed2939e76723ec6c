import type { KeyObject } from 'node:crypto'
import { ScrimError } from '../../errors.ts'
import type { AuditRow, AuditTrail } from '../../services/ports/audit.ts'
import { insertRows, insertValues, type PackedRows, packRows, type TrailNames } from './audit-rows.ts'
import { type ChainHead, createSealer, positionAfter, sealLine, shapeText } from './audit-seal.ts'
import type { Database } from './pool.ts'

/** What the audit trail needs. */
export interface AuditTrailOptions extends TrailNames {
  readonly database: Database
  /** Keys the seals. */
  readonly key: KeyObject | Buffer
}

/** The audit trail in Postgres: what is written stays, once, under a seal. */
export interface SealedAuditTrail extends AuditTrail {
  /** The newest seal this process has written: kept elsewhere, it proves later that the end of the trail was not cut off. */
  readonly head: () => ChainHead | null
}

const MAX_ROWS = 5_000
const MAX_KNOWN_MONTHS = 1_000
/** Of `source_system`, `target_system`, and of `user_id`. */
const SYSTEM_LENGTH = 50
const USER_LENGTH = 100

/** A name that does not fit its column is refused here: later it would stop every partition. */
export function createAuditTrail(options: AuditTrailOptions): SealedAuditTrail {
  const { database, key, clusterId, sourceSystem, targetSystem, userId } = options
  const names: TrailNames = { clusterId, sourceSystem, targetSystem, userId }
  checkLength('SCRIM_SOURCE_SYSTEM', sourceSystem, SYSTEM_LENGTH)
  checkLength('SCRIM_TARGET_SYSTEM', targetSystem, SYSTEM_LENGTH)
  checkLength('audit user', userId, USER_LENGTH)
  const sealer = createSealer(key)
  const knownMonths = new Set<number>()
  let newest: ChainHead | null = null

  /** Asks for the monthly partitions, outside of the rows' transaction: making one takes locks that should not be kept. */
  async function makePartitions(timestampsMs: readonly number[]): Promise<void> {
    // Beware: once rows of a month lie in the default partition, that month cannot get one of its own any more.
    for (const month of new Set(timestampsMs.map(monthOf))) {
      if (knownMonths.has(month)) continue
      await database.query({ text: 'select scrim_audit_partition($1)' }, [
        new Date(Date.UTC(1970, month)).toISOString(),
      ])
      if (knownMonths.size >= MAX_KNOWN_MONTHS) knownMonths.clear()
      knownMonths.add(month)
    }
  }

  async function writeSealed(rows: readonly AuditRow[]): Promise<void> {
    const packed = packRows(rows, names)
    await makePartitions(packed.timestampsMs)
    const head = await database.transaction(async query => {
      const [inserted] = await query<{ seal_id: string | null; audit_ids: string; seal_rows: string }>(
        insertRows,
        insertValues(packed, names),
      )
      const sealId = inserted?.seal_id ?? null
      if (inserted === undefined || sealId === null) return null // all were there
      const auditIds = inserted.audit_ids.split(',')
      const lines = linesOf(packed, auditIds, inserted.seal_rows.split(','))
      // From here to the commit no other writer can go on: the chain is one.
      const [last] = await query<{ head_position: string; head_mac: Buffer }>(readHead)
      const previous = last === undefined ? null : { position: BigInt(last.head_position), mac: last.head_mac }
      const next = { position: positionAfter(previous), mac: sealer.mac(previous, sealId, lines) }
      await query(insertSeal, [next.position, sealId, lines.length, ...rangeOf(auditIds), sealer.keyId, next.mac])
      return next
    })
    if (head !== null && head.position > (newest?.position ?? 0n)) newest = head
  }

  return {
    write: async (rows: readonly AuditRow[]) => {
      for (let from = 0; from < rows.length; from += MAX_ROWS) {
        await writeSealed(rows.slice(from, from + MAX_ROWS))
      }
    },
    head: () => newest,
  }
}

const readHead = { name: 'scrim-audit-head', text: 'select head_position, head_mac from scrim_audit_head()' }

const insertSeal = {
  name: 'scrim-audit-seal',
  text: `insert into cdc_audit_seal (position, seal_id, rows, first_audit_id, last_audit_id, key_id, mac)
    values ($1, $2, $3, $4, $5, $6, $7)`,
}

/** `sealRows` are the places in the batch, from 1, of what was inserted. */
function linesOf(packed: PackedRows, auditIds: readonly string[], sealRows: readonly string[]): string[] {
  const shapes = packed.shapes.map(shapeText)
  return sealRows.map((place, n) => {
    const at = Number(place) - 1
    const shape = shapes[packed.shapeOf[at] ?? -1] ?? ''
    return sealLine(
      auditIds[n] ?? '',
      packed.timestampsMs[at] ?? 0,
      packed.offsets[at] ?? 0n,
      packed.recordIds[at] ?? null,
      shape,
    )
  })
}

function rangeOf(auditIds: readonly string[]): [first: bigint | undefined, last: bigint | undefined] {
  const sorted = auditIds.map(BigInt).sort((a, b) => (a < b ? -1 : 1))
  return [sorted[0], sorted.at(-1)]
}

/** Months since January 1970, in UTC. */
function monthOf(timestampMs: number): number {
  const at = new Date(timestampMs)
  return (at.getUTCFullYear() - 1970) * 12 + at.getUTCMonth()
}

function checkLength(name: string, text: string, length: number): void {
  if ([...text].length > length) throw new ScrimError('CONFIG_INVALID', { path: name })
}
