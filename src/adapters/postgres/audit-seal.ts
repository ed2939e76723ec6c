import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'

/**
 * Tamper evidence of the audit trail. Every written batch gets a seal, and the seals form one chain:
 *
 *   shape = JSON of [event_type, source_system, target_system, table_name, operation, masked_fields, user_id, cluster_id,
 *           topic, topic_partition, view, policy_version, reason, records]
 *   line  = JSON of ["audit_id", "timestamp in ms", "topic_offset", "record_id" or null, shape], no spaces
 *   mac   = HMAC-SHA256(key, JSON of ["position", "seal_id", rows, "previous mac in hex" or ""], then each line after a "\n")
 *
 * The key never comes into the database, so who can write there can change or remove a row, but cannot make the seal fit.
 * What the chain alone cannot show is that its newest seals were cut off: keep a head (position and mac) elsewhere, such as
 * in the log, and give it to the verification.
 */
export interface RowShape {
  readonly event: string
  readonly sourceSystem: string
  readonly targetSystem: string
  readonly table: string
  readonly operation: string | null
  readonly maskedFields: readonly string[]
  readonly user: string
  readonly cluster: string
  readonly topic: string
  readonly partition: number
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
  readonly mac: (previous: ChainHead | null, sealId: string, lines: readonly string[]) => Buffer
}

/** The key is derived, so that the same secret may serve `record_id` too. */
export function createSealer(secret: KeyObject | Buffer): Sealer {
  const key = createSecretKey(createHmac('sha256', secret).update('scrim audit seal 1').digest())
  const keyId = createHmac('sha256', key).update('key id').digest('hex').slice(0, 16)
  return {
    keyId,
    mac: (previous, sealId, lines) => {
      const head = [String(positionAfter(previous)), sealId, lines.length, previous?.mac.toString('hex') ?? '']
      const text = [JSON.stringify(head), ...lines].join('\n')
      return createHmac('sha256', key).update(text).digest()
    },
  }
}

/** The first seal has position 1, and there are no gaps. */
export function positionAfter(previous: ChainHead | null): bigint {
  return (previous?.position ?? 0n) + 1n
}

/** What rows have in common, as it stands in their lines. */
export function shapeText(row: RowShape): string {
  const { event, sourceSystem, targetSystem, table, operation, maskedFields, user, cluster } = row
  const { topic, partition, view, policyVersion, reason, records } = row
  const where = [topic, partition, view, policyVersion, reason, records]
  return JSON.stringify([event, sourceSystem, targetSystem, table, operation, maskedFields, user, cluster, ...where])
}

/** One row as it is sealed. Id, time and offset are digits, the record's id is a UUID: nothing there needs escaping. */
export function sealLine(
  auditId: string,
  timestampMs: string | number,
  offset: string | bigint,
  recordId: string | null,
  shape: string,
): string {
  return `["${auditId}","${timestampMs}","${offset}",${recordId === null ? 'null' : `"${recordId}"`},${shape}]`
}
