import { createSecretKey } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import { verifyAuditTrail } from '../../../src/adapters/postgres/audit-verify.ts'
import { describeWithPostgres } from '../../support/stack/require-stack.ts'
import { auditKey, auditRows, trailOn } from './audit-samples.ts'
import { migratedDatabase } from './migrated-database.ts'

describeWithPostgres('the verification of the audit trail', postgres => {
  const database = migratedDatabase(postgres)
  const trail = trailOn(database.open())
  const verify = (more = {}) => verifyAuditTrail({ database: database.open(), key: auditKey, ...more })

  const timestamp = Date.now()

  // Six seals of two rows; of the last batch half was there before.
  beforeAll(async () => {
    for (const topic of ['a', 'b', 'c', 'd', 'e']) await trail.write(auditRows(2, { topic, timestamp }))
    await trail.write([...auditRows(2, { topic: 'a', timestamp }), ...auditRows(2, { topic: 'f', timestamp })])
  })

  test('an untouched trail has no findings', async () => {
    expect(await verify()).toMatchObject({ seals: 6, rows: 12, findings: [], head: trail.head() ?? {} })
    expect(await verify({ expectedHead: trail.head() })).toMatchObject({ findings: [] })
  })

  test('more than a page of seals is walked to the end', async () => {
    const more = trailOn(database.open())
    for (let n = 0; n < 210; n++) await more.write(auditRows(1, { topic: `page.${n}` }))
    expect(await verify()).toMatchObject({ seals: 216, findings: [] })
  })

  test('it may begin after a place that is believed', async () => {
    const { head } = await verify()
    await trail.write(auditRows(3, { topic: 'later' }))
    expect(await verify({ after: head })).toMatchObject({ seals: 1, rows: 3, findings: [] })
  })

  const crimes: [what: string, sql: string, kind: string, position: string][] = [
    [
      'a changed user',
      `update cdc_audit_log set user_id = 'me' where topic = 'b' and topic_offset = 0`,
      'rows-changed',
      '2',
    ],
    [
      'a changed list of masked fields',
      `update cdc_audit_log set masked_fields = '{aadhaar_number}' where topic = 'b'`,
      'rows-changed',
      '2',
    ],
    ['a column that became null', `update cdc_audit_log set record_id = null where topic = 'b'`, 'rows-changed', '2'],
    [
      'a timestamp moved by a millisecond',
      `update cdc_audit_log set "timestamp" = "timestamp" + interval '1 ms' where topic = 'b'`,
      'rows-changed',
      '2',
    ],
    [
      'changed details',
      `update cdc_audit_log set details = details || '{"view":"x"}' where topic = 'b'`,
      'rows-changed',
      '2',
    ],
    [
      'details with an addition',
      `update cdc_audit_log set details = details || '{"x":1}' where topic = 'b'`,
      'rows-changed',
      '2',
    ],
    ['details that became null', `update cdc_audit_log set details = null where topic = 'b'`, 'rows-changed', '2'],
    ['two rows swapped', `update cdc_audit_log set seal_row = 3 - seal_row where topic = 'b'`, 'rows-changed', '2'],
    ['a removed row', `delete from cdc_audit_log where topic = 'c' and topic_offset = 0`, 'rows-removed', '3'],
    [
      'a row slipped into a batch',
      `insert into cdc_audit_log overriding system value
        select (jsonb_populate_record(r, '{"timestamp": "2026-01-01", "topic": "forged"}')).* from cdc_audit_log r where audit_id = 1`,
      'rows-added',
      '1',
    ],
    [
      'a removed batch with its seal',
      `delete from cdc_audit_log where topic = 'c'; delete from cdc_audit_seal where position = 3`,
      'seal-removed',
      '4',
    ],
    [
      'a removed batch, and the seals moved up',
      `delete from cdc_audit_log where topic = 'c'; delete from cdc_audit_seal where position = 3; update cdc_audit_seal set position = position - 1 where position > 3 and position < 7; delete from cdc_audit_seal where position > 6`,
      'rows-changed',
      '3',
    ],
    ['a changed mac', `update cdc_audit_seal set mac = sha256(mac) where position = 4`, 'rows-changed', '4'],
    [
      'a row without a seal',
      `insert into cdc_audit_log overriding system value select (jsonb_populate_record(r, '{"audit_id": 999999, "seal_id": 999999, "topic": "forged"}')).* from cdc_audit_log r limit 1`,
      'rows-added',
      '0',
    ],
  ]
  test.each(crimes)('%s is found', async (_what, sql, kind, position) => {
    // The crime is undone, so that the next one begins with an untouched trail.
    await database.asOwner(
      'create table kept_log as table cdc_audit_log; create table kept_seal as table cdc_audit_seal',
    )
    try {
      await database.asOwner(sql)
      expect((await verify()).findings).toContainEqual({ position, kind })
    } finally {
      await database.asOwner(`
        delete from cdc_audit_log; insert into cdc_audit_log overriding system value table kept_log;
        delete from cdc_audit_seal; insert into cdc_audit_seal table kept_seal;
        drop table kept_log, kept_seal`)
    }
    expect((await verify()).findings).toEqual([])
  })

  test('with another key nothing can be proved, and it says so', async () => {
    const { findings } = await verify({ key: createSecretKey(Buffer.alloc(32, 8)) })
    expect(new Set(findings.map(({ kind }) => kind))).toEqual(new Set(['other-key']))
  })

  test('a cut-off end is found by a head that was kept elsewhere', async () => {
    const expectedHead = trail.head()
    await database.asOwner(`delete from cdc_audit_log where topic = 'later';
      delete from cdc_audit_seal where position = (select max(position) from cdc_audit_seal)`)
    expect((await verify()).findings).toEqual([])
    expect((await verify({ expectedHead })).findings).toEqual([
      { position: String(expectedHead?.position), kind: 'end-removed' },
    ])
  })
})
