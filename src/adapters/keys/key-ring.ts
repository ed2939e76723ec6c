import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import type { Config } from '../../config.ts'
import type { KeyRing } from '../../pipeline/plan.ts'
import type { SealingKey } from '../../pipeline/seal.ts'

/** The keys of masks by id, as KeyObjects: Node then holds the bytes and never prints them. */
export function createKeyRing({ keys }: Pick<Config, 'keys'>): KeyRing {
  const ring = new Map<string, KeyObject>([...(keys ?? [])].map(([id, bytes]) => [id, createSecretKey(bytes)]))
  return { get: id => ring.get(id) }
}

/** Null where none is configured: an unmaskable record then stops its partition. */
export function sealingKeyOf({
  sealingKey,
  sealingKeyId,
}: Pick<Config, 'sealingKey' | 'sealingKeyId'>): SealingKey | null {
  return sealingKey === null ? null : { id: sealingKeyId, key: createSecretKey(sealingKey) }
}

/** The secret behind record_id: its own, else derived from the sealing key; null where there is neither. */
export function auditSecretOf({ auditKey, sealingKey }: Pick<Config, 'auditKey' | 'sealingKey'>): KeyObject | null {
  if (auditKey !== null) return createSecretKey(auditKey)
  if (sealingKey === null) return null
  const derived = hkdfSync('sha256', sealingKey, Buffer.alloc(0), 'scrim audit record id', 32)
  return createSecretKey(Buffer.from(derived))
}
