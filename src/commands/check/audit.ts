import { auditSecretOf } from '../../adapters/keys/key-ring.ts'
import type { ChainHead } from '../../adapters/postgres/audit-seal.ts'
import { type AuditFinding, verifyAuditTrail } from '../../adapters/postgres/audit-verify.ts'
import { createPool } from '../../adapters/postgres/pool.ts'
import type { Config } from '../../config.ts'
import { ScrimError } from '../../errors.ts'
import { error, note } from '../../services/finding.ts'
import type { FindingCode } from '../../services/finding-codes.ts'
import type { Finding } from '../../services/ports/checks.ts'
import { findingOf } from './report.ts'

/** `POSITION:MAC`, as a verification has told it; null where it is none. */
export function readHead(text: string): ChainHead | null {
  const [, position, mac] = /^(\d{1,18}):([0-9a-f]{64})$/.exec(text) ?? []
  return position === undefined || mac === undefined
    ? null
    : { position: BigInt(position), mac: Buffer.from(mac, 'hex') }
}

const headText = ({ position, mac }: ChainHead): string => `${position}:${mac.toString('hex')}`

/** Makes every seal of the audit trail again from its rows. What does not fit is an error; the head is told for the next time. */
export async function checkAudit(config: Config, head: ChainHead | null): Promise<readonly Finding[]> {
  const key = auditSecretOf(config)
  const database = createPool(config.databaseUrl ?? '', { applicationName: `${config.clientId} check`, max: 1 })
  try {
    if (key === null) throw new ScrimError('CONFIG_INVALID', { path: 'SCRIM_AUDIT_KEY' })
    const proof = await verifyAuditTrail({ database, key, ...(head === null ? {} : { expectedHead: head }) })
    const looked = `${proof.seals} seals over ${proof.rows} rows`
    return [
      ...proof.findings.map(({ position, kind }) => {
        const [code, message, hint] = findings[kind]
        return error(code, position === '0' ? 'outside of the chain' : `seal ${position}`, message, hint)
      }),
      note(
        'AUDIT_CHECKED',
        'audit trail',
        `${looked} were looked at${proof.head === null ? '' : `; the head is ${headText(proof.head)}`}`,
        'Keep the head outside of this database and give it to the next check (--audit-head): only so a cut-off end shows.',
      ),
    ]
  } catch (problem) {
    if (!(problem instanceof ScrimError)) throw problem
    return [findingOf({ code: problem.code, severity: 'error', where: { policy: 'audit trail', ...problem.where } })]
  } finally {
    await database.end()
  }
}

const restore = 'Somebody with more rights than the service role was at work: compare with a backup.'
const findings: Readonly<Record<AuditFinding['kind'], readonly [code: FindingCode, message: string, hint: string]>> = {
  'rows-removed': ['AUDIT_ROWS_REMOVED', 'Rows that were sealed are gone', restore],
  'rows-added': ['AUDIT_ROWS_ADDED', 'There are rows that no seal speaks of', restore],
  'rows-changed': ['AUDIT_ROWS_CHANGED', 'Rows, or their seal, are not as they were written', restore],
  'seal-removed': ['AUDIT_SEAL_REMOVED', 'A seal of the chain is missing before this one', restore],
  'end-removed': ['AUDIT_END_REMOVED', 'The given head is not in the chain: its end was cut off', restore],
  'other-key': [
    'AUDIT_OTHER_KEY',
    'The seal was made with another key and cannot be checked',
    'Check again with the SCRIM_AUDIT_KEY that was in use then.',
  ],
}
