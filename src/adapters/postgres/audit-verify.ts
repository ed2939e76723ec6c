import type { KeyObject } from 'node:crypto'
import { type StoredRow, storedColumns } from './audit-rows.ts'
import { type ChainHead, createSealer, positionAfter, sealLine, shapeText } from './audit-seal.ts'
import type { Database } from './pool.ts'

/** What does not fit, and where in the chain. */
export interface AuditFinding {
  readonly position: string
  readonly kind:
    | 'rows-removed'
    | 'rows-added'
    | 'rows-changed' // or the seal itself was
    | 'seal-removed'
    | 'end-removed' // the given head is not in the chain
    | 'other-key' // sealed with a key that is not the given one: cannot be checked
}

/** What a verification has looked at, and what it found; `head` is for the next one. */
export interface AuditProof {
  readonly seals: number
  readonly rows: number
  readonly findings: readonly AuditFinding[]
  readonly head: ChainHead | null
}

export interface AuditVerification {
  readonly database: Database
  readonly key: KeyObject | Buffer
  /** A head that was kept elsewhere. */
  readonly expectedHead?: ChainHead
  /** Begins after this place, which is believed: after a retention has removed older months, or to check only what is new. */
  readonly after?: ChainHead
}

interface StoredSeal {
  readonly position: string
  readonly seal_id: string
  readonly rows: number
  readonly first_audit_id: string
  readonly last_audit_id: string
  readonly key_id: string
  readonly mac: Buffer
}

const PAGE = 100

/** Walks the whole chain and makes every seal again from the rows. Reads only; writers may go on meanwhile. */
export async function verifyAuditTrail({ database, key, expectedHead, after }: AuditVerification): Promise<AuditProof> {
  const sealer = createSealer(key)
  const findings: AuditFinding[] = []
  let head: ChainHead | null = after ?? null
  let seals = 0
  let rows = 0
  let isHeadSeen = expectedHead === undefined

  for (;;) {
    const page: StoredSeal[] = await database.query<StoredSeal>(readSeals, [head?.position ?? 0n, PAGE])
    for (const seal of page) {
      seals++
      const position = BigInt(seal.position)
      const lines = await database.query<StoredRow>(readRows, [seal.seal_id, seal.first_audit_id, seal.last_audit_id])
      rows += lines.length
      const found = (kind: AuditFinding['kind']) => findings.push({ position: seal.position, kind })
      const isNext = position === positionAfter(head)
      if (!isNext) found('seal-removed')
      if (lines.length < seal.rows) found('rows-removed')
      else if (lines.length > seal.rows) found('rows-added')
      else if (seal.key_id !== sealer.keyId) found('other-key')
      // After a gap the seal before is not known, so this one cannot be made again.
      else if (
        isNext &&
        !(
          sealer.mac(head, seal.seal_id, lines.map(lineOf)).equals(seal.mac) &&
          lines.every(({ isDetailed }) => isDetailed)
        )
      )
        found('rows-changed')
      head = { position, mac: seal.mac }
      if (expectedHead?.position === position && expectedHead.mac.equals(seal.mac)) isHeadSeen = true
    }
    if (page.length < PAGE) break
  }

  if (!isHeadSeen) findings.push({ position: String(expectedHead?.position), kind: 'end-removed' })
  const [unsealed] = await database.query<{ rows: string }>(countUnsealed)
  if (unsealed !== undefined && unsealed.rows !== '0') findings.push({ position: '0', kind: 'rows-added' })
  return { seals, rows, findings, head }
}

function lineOf(row: StoredRow): string {
  return sealLine(row.auditId, row.timestampMs, row.offset, row.recordId, shapeText(row))
}

const readSeals = {
  text: `select position, seal_id, rows, first_audit_id, last_audit_id, key_id, mac from cdc_audit_seal
    where position > $1 order by position limit $2`,
}

const readRows = {
  name: 'scrim-audit-verify',
  text: `select ${storedColumns} from cdc_audit_log where audit_id between $2 and $3 and seal_id = $1 order by seal_row`,
}

/** Rows that no seal speaks of. */
const countUnsealed = {
  text: `select count(*) as rows from cdc_audit_log where not exists (
    select from cdc_audit_seal where cdc_audit_seal.seal_id = cdc_audit_log.seal_id
      and audit_id between first_audit_id and last_audit_id)`,
}
