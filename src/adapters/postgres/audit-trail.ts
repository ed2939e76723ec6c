import type { KeyObject } from 'node:crypto'
import { ScrimError } from '../../errors.ts'
import type { AuditRow, AuditTrail } from '../../services/ports.ts'
import { insertRows, insertValues, type StoredRow, storedRow, type TrailNames } from './audit-rows.ts'
import { type ChainHead, createSealer, positionAfter } from './audit-seal.ts'
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
  const knownMonths = new Set<string>()
  let newest: ChainHead | null = null

  /** Asks for the monthly partitions, outside of the rows' transaction: making one takes locks that should not be kept. */
  async function makePartitions(rows: readonly StoredRow[]): Promise<void> {
    // Beware: once rows of a month lie in the default partition, that month cannot get one of its own any more.
    for (const month of new Set(rows.map(({ timestampMs }) => monthOf(Number(timestampMs))))) {
      if (knownMonths.has(month)) continue
      await database.query({ text: `select scrim_audit_partition($1)` }, [month])
      if (knownMonths.size >= MAX_KNOWN_MONTHS) knownMonths.clear()
      knownMonths.add(month)
    }
  }

  async function writeSealed(rows: readonly StoredRow[]): Promise<void> {
    await makePartitions(rows)
    const head = await database.transaction(async query => {
      const stored = await query<{ audit_id: string; seal_id: string; seal_row: number }>(
        insertRows,
        insertValues(rows, names),
      )
      const sealId = stored[0]?.seal_id
      if (sealId === undefined) return null // all were there
      const sealed = stored
        .sort((a, b) => a.seal_row - b.seal_row)
        .map(({ audit_id, seal_row }) => ({ auditId: audit_id, ...(rows[seal_row - 1] as StoredRow) }))
      // From here to the commit no other writer can go on: the chain is one.
      const [last] = await query<{ head_position: string; head_mac: Buffer }>(readHead)
      const previous = last === undefined ? null : { position: BigInt(last.head_position), mac: last.head_mac }
      const next = { position: positionAfter(previous), mac: sealer.mac(previous, sealId, sealed) }
      const ids = stored.map(({ audit_id }) => BigInt(audit_id)).sort((a, b) => (a < b ? -1 : 1))
      await query(insertSeal, [next.position, sealId, sealed.length, ids[0], ids.at(-1), sealer.keyId, next.mac])
      return next
    })
    if (head !== null && head.position > (newest?.position ?? 0n)) newest = head
  }

  return {
    write: async (rows: readonly AuditRow[]) => {
      for (let from = 0; from < rows.length; from += MAX_ROWS) {
        await writeSealed(rows.slice(from, from + MAX_ROWS).map(row => storedRow(row, names)))
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

function monthOf(timestampMs: number): string {
  const at = new Date(timestampMs)
  return new Date(Date.UTC(2000, at.getUTCMonth()))
    .toISOString()
    .replace('2000', String(at.getUTCFullYear()).padStart(4, '0'))
}

function checkLength(name: string, text: string, length: number): void {
  if ([...text].length > length) throw new ScrimError('CONFIG_INVALID', { path: name })
}
