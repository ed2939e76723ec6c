import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'

/**
 * Tamper evidence of the audit trail. Every written batch gets a seal, and the seals form one chain:
 *
 *   line  = JSON of the row's columns as an array, in the order of `SealedRow` (an array of strings, numbers and nulls)
 *   mac   = HMAC-SHA256(key, JSON of [position, sealId, rows, previous mac in hex or ""] + "\n" + lines joined by "\n")
 *
 * The key never comes into the database, so who can write there can change or remove a row, but cannot make the seal fit.
 * What the chain alone cannot show is that its newest seals were cut off: keep a head (position and mac) elsewhere, such as
 * in the log, and give it to the verification.
 */
export interface SealedRow {
  readonly auditId: string
  readonly event: string
  readonly sourceSystem: string
  readonly targetSystem: string
  readonly table: string
  readonly recordId: string | null
  readonly operation: string | null
  readonly maskedFields: readonly string[]
  readonly timestampMs: string
  readonly user: string
  readonly cluster: string
  readonly topic: string
  readonly partition: number
  readonly offset: string
  readonly view: string
  readonly policyVersion: number
  readonly reason: string | null
  readonly records: number
}

/** A place in the chain. */
export interface ChainHead {
  readonly position: bigint
  readonly mac: Buffer
}

/** Makes and remakes seals; both sides must use the same secret. */
export interface Sealer {
  /** Tells keys apart without telling the key. */
  readonly keyId: string
  readonly mac: (previous: ChainHead | null, sealId: string, rows: readonly SealedRow[]) => Buffer
}

/** The key is derived, so that the same secret may serve `record_id` too. */
export function createSealer(secret: KeyObject | Buffer): Sealer {
  const key = createSecretKey(createHmac('sha256', secret).update('scrim audit seal 1').digest())
  const keyId = createHmac('sha256', key).update('key id').digest('hex').slice(0, 16)
  return {
    keyId,
    mac: (previous, sealId, rows) => {
      const head = [String(positionAfter(previous)), sealId, rows.length, previous?.mac.toString('hex') ?? '']
      return createHmac('sha256', key)
        .update([JSON.stringify(head), ...rows.map(line)].join('\n'))
        .digest()
    },
  }
}

/** The first seal has position 1, and there are no gaps. */
export function positionAfter(previous: ChainHead | null): bigint {
  return (previous?.position ?? 0n) + 1n
}

function line(row: SealedRow): string {
  return JSON.stringify([
    row.auditId,
    row.event,
    row.sourceSystem,
    row.targetSystem,
    row.table,
    row.recordId,
    row.operation,
    row.maskedFields,
    row.timestampMs,
    row.user,
    row.cluster,
    row.topic,
    row.partition,
    row.offset,
    row.view,
    row.policyVersion,
    row.reason,
    row.records,
  ])
}
