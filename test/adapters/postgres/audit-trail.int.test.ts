import { expect, test } from 'vitest'
import { createAuditTrail } from '../../../src/adapters/postgres/audit-trail.ts'
import { verifyAuditTrail } from '../../../src/adapters/postgres/audit-verify.ts'
import { createPool } from '../../../src/adapters/postgres/pool.ts'
import type { AuditRow } from '../../../src/services/ports/audit.ts'
import { describeWithPostgres } from '../../support/stack/require-stack.ts'
import { anAuditRow, auditKey, auditRows, trailOn } from './audit-samples.ts'
import { asRole, migratedDatabase } from './migrated-database.ts'

describeWithPostgres('the audit trail', postgres => {
  const database = migratedDatabase(postgres)
  const trail = trailOn(database.open())
  const rowsOf = (topic: string, from = 'cdc_audit_log') =>
    asRole(database.serviceUrl, `select * from ${from} where topic = $1 order by audit_id`, [topic])
  const countOf = async (topic: string) => (await rowsOf(topic)).length

  test('a row has what the document names, and where it comes from', async () => {
    await trail.write([anAuditRow({ timestamp: Date.UTC(2026, 9, 5, 10, 20, 30, 456) })])
    const [row] = await rowsOf('warehouse-to-citizen-cdc.golden_records')
    expect(row).toMatchObject({
      event_type: 'mask',
      source_system: 'warehouse',
      target_system: 'citizen',
      table_name: 'golden_records',
      record_id: '0f8fad5b-d9cb-469f-a165-70867728950e',
      operation: 'UPDATE',
      masked_fields: ['aadhaar_number', 'phone'],
      timestamp: new Date('2026-10-05T10:20:30.456Z'),
      user_id: 'scrim',
      details: {
        cluster: 'c1',
        topic: 'warehouse-to-citizen-cdc.golden_records',
        partition: 3,
        offset: 1000,
        view: 'default',
        policyVersion: 7,
      },
    })
  })

  const operations: [string, string | null][] = [
    ['none', null],
    ['read', 'READ'],
    ['create', 'INSERT'],
    ['update', 'UPDATE'],
    ['delete', 'DELETE'],
    ['truncate', 'TRUNCATE'],
    ['tombstone', 'TOMBSTONE'],
    ['row', 'ROW'],
    ['something-much-longer', 'SOMETHING-'],
  ]
  test.each(operations)('operation %s is written as %s', async (operation, expected) => {
    const topic = `operations.${operation}`
    await trail.write([anAuditRow({ topic, operation })])
    expect(await rowsOf(topic)).toMatchObject([{ operation: expected }])
  })

  const odd: [name: string, change: Partial<AuditRow>, stored: object][] = [
    ['no key', { recordId: null }, { record_id: null }],
    ['nothing masked', { maskedFields: [] }, { masked_fields: [] }],
    [
      'column names with everything',
      { maskedFields: ['a"b', 'c\\d', 'e,f', '{}', 'NULL', ' ', 'पता', '\u0000', '\ud800'] },
      { masked_fields: ['a"b', 'c\\d', 'e,f', '{}', 'NULL', ' ', 'पता', '\ufffd', '\ufffd'] },
    ],
    [
      'a table name of 249 characters',
      { topic: 't'.repeat(249) },
      { table_name: 't'.repeat(100), topic: 't'.repeat(249) },
    ],
    ['a topic that ends with a dot', { topic: 'odd.' }, { table_name: '' }],
    ['the largest offset', { offset: 9223372036854775807n }, { topic_offset: '9223372036854775807' }],
    ['no timestamp', { timestamp: -1 }, { timestamp: new Date(-1) }],
    [
      'the largest timestamp Kafka knows',
      { timestamp: 9.223372036854776e18 },
      { timestamp: new Date('9999-12-31T23:59:59.999Z') },
    ],
    ['the smallest', { timestamp: -9.223372036854776e18 }, { timestamp: new Date('0001-01-01T00:00:00.000Z') }],
    ['an error', { event: 'error', reason: 'RECORD_TOO_DEEP' }, { event_type: 'error', reason: 'RECORD_TOO_DEEP' }],
    ['a row for many records', { records: 812 }, { records: 812, details: expect.objectContaining({ records: 812 }) }],
  ]
  test.each(odd)('%s can be written, and its seal holds', async (name, change, stored) => {
    const row = anAuditRow({ topic: `odd.${name}`, ...change })
    await trail.write([row])
    expect(await rowsOf(row.topic)).toMatchObject([stored])
    expect((await verifyAuditTrail({ database: database.open(), key: auditKey })).findings).toEqual([])
  })

  test('writing the same rows again changes nothing, in part or whole', async () => {
    const rows = auditRows(100, { topic: 'again.t' })
    await trail.write(rows.slice(0, 60))
    await trail.write(rows)
    await trail.write(rows)
    await trailOn(database.open()).write([...rows, ...rows])
    expect((await rowsOf('again.t')).map(row => row.topic_offset)).toEqual(rows.map(row => String(row.offset)))
  })

  test('two instances that write the same rows at once write them once', async () => {
    const rows = auditRows(2_000, { topic: 'at-once.t' })
    const other = trailOn(database.open())
    await Promise.all([trail, other, trail, other].map(one => one.write(rows)))
    expect(await countOf('at-once.t')).toBe(2_000)
  })

  test('many small batches of many writers get one chain without gaps', async () => {
    const writers = Array.from({ length: 8 }, () => trailOn(database.open({ max: 1 })))
    const write = async (writer: (typeof writers)[number], partition: number) => {
      for (const row of auditRows(30, { topic: 'small.t', partition })) await writer.write([row])
    }
    await Promise.all(writers.map(write))
    expect(await countOf('small.t')).toBe(240)
    expect((await verifyAuditTrail({ database: database.open(), key: auditKey })).findings).toEqual([])
  })

  test('many that need the same new month at once get it', async () => {
    const timestamp = Date.now() - 400 * 86_400_000
    const writers = Array.from({ length: 8 }, () => trailOn(database.open({ max: 1 })))
    await Promise.all(
      writers.map((writer, partition) => writer.write([anAuditRow({ topic: 'new-month.t', partition, timestamp })])),
    )
    const lies = await database.asOwner(
      `select distinct tableoid::regclass::text as at from cdc_audit_log where topic = 'new-month.t'`,
    )
    expect(lies).toEqual([{ at: expect.stringMatching(/_\d{4}_\d\d$/) }])
  })

  test('rows that differ in one thing only keep their difference', async () => {
    const differences: [change: Partial<AuditRow>, stored: object][] = [
      [
        {},
        {
          event_type: 'mask',
          topic_partition: 3,
          view: 'default',
          policy_version: 7,
          operation: 'UPDATE',
          reason: null,
          records: 1,
        },
      ],
      [{ event: 'drop' }, { event_type: 'drop' }],
      [{ topic: 'one-thing.other' }, { topic: 'one-thing.other', table_name: 'other' }],
      [{ partition: 4 }, { topic_partition: 4 }],
      [{ view: 'analysts' }, { view: 'analysts' }],
      [{ policyVersion: 8 }, { policy_version: 8 }],
      [{ operation: 'delete' }, { operation: 'DELETE' }],
      [{ maskedFields: ['phone'] }, { masked_fields: ['phone'] }],
      [{ reason: 'filtered' }, { reason: 'filtered' }],
      [{ records: 2 }, { records: 2 }],
      [{ recordId: null }, { record_id: null }],
    ]
    const base = anAuditRow({ topic: 'one-thing.t' })
    await trail.write(differences.map(([change], n) => ({ ...base, offset: BigInt(n), ...change })))
    const stored = await asRole(
      database.serviceUrl,
      `select * from cdc_audit_log where topic like 'one-thing.%' order by topic_offset`,
    )
    expect(stored).toMatchObject(differences.map(([, row]) => row))
  })

  test('12,345 rows in one call are all there, under seals that hold beside those of another writer', async () => {
    const writers = [trail, trailOn(database.open())]
    await Promise.all(
      writers.map((writer, partition) => writer.write(auditRows(12_345, { topic: 'many.t', partition }))),
    )
    expect(await countOf('many.t')).toBe(24_690)
    expect((await verifyAuditTrail({ database: database.open(), key: auditKey })).findings).toEqual([])
  })

  test('rows that have little in common may lie in one batch, some of them there before', async () => {
    const topics = Array.from({ length: 1_000 }, (_, n) => `mixed.${n}`)
    const fields = topics.map(topic => [topic, 'x'])
    const rows = topics.flatMap((topic, n) =>
      ['create', 'update', 'delete'].map((operation, k) =>
        anAuditRow({
          topic,
          operation,
          offset: BigInt(k),
          maskedFields: fields[n] ?? [],
          timestamp: 1_780_000_000_000 + n,
        }),
      ),
    )
    await trail.write(rows.filter((_, n) => n % 7 === 0))
    await trail.write(rows)
    const stored = await asRole(
      database.serviceUrl,
      `select topic, operation, topic_offset, masked_fields, "timestamp" from cdc_audit_log where topic like 'mixed.%'
        order by "timestamp", topic_offset`,
    )
    expect(stored).toEqual(
      rows.map(({ topic, operation, offset, maskedFields, timestamp }) => ({
        topic,
        operation: operation === 'create' ? 'INSERT' : operation.toUpperCase(),
        topic_offset: String(offset),
        masked_fields: maskedFields,
        timestamp: new Date(timestamp),
      })),
    )
    expect((await verifyAuditTrail({ database: database.open(), key: auditKey })).findings).toEqual([])
  })

  test('an attempt that was aborted stays visible; the view shows the one that counts', async () => {
    const topic = 'attempts.t'
    const timestamp = Date.now()
    const attempts: Partial<AuditRow>[] = [
      { policyVersion: 1, event: 'error', reason: 'RECORD_TOO_LARGE' },
      { policyVersion: 1 },
      { policyVersion: 2, event: 'drop', reason: 'filtered' },
      { policyVersion: 2, view: 'analysts' },
    ]
    for (const attempt of attempts) await trail.write([anAuditRow({ topic, timestamp, ...attempt })])
    expect(await countOf(topic)).toBe(4)
    expect(await rowsOf(topic, 'cdc_audit_effective')).toMatchObject([
      { view: 'default', policy_version: 2, event_type: 'drop' },
      { view: 'analysts', policy_version: 2, event_type: 'mask' },
    ])
  })

  test('a topic that was deleted and made again does not hide behind its old rows', async () => {
    const topic = 'made-again.t'
    await trail.write([anAuditRow({ topic, timestamp: 1_700_000_000_000 })])
    await trail.write([anAuditRow({ topic, timestamp: 1_700_000_000_001 })])
    expect(await rowsOf(topic, 'cdc_audit_effective')).toHaveLength(2)
  })

  test('months lie in partitions of their own, to the millisecond; what has no month lies in the default one', async () => {
    const topic = 'months.t'
    const now = new Date()
    const month = (n: number) => Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + n)
    const name = (n: number) => `cdc_audit_log_${new Date(month(n)).toISOString().slice(0, 7).replace('-', '_')}`
    const expected: [timestamp: number, partition: string][] = [
      [month(0), name(0)],
      [month(1) - 1, name(0)],
      [month(1), name(1)],
      [month(-4) - 1, name(-5)],
      [month(-4), name(-4)],
      [month(-5) - 1, name(-6)],
      [month(-5), name(-5)],
      [month(-6) - 1, name(-7)],
      [month(-6), name(-6)],
      [month(-7) - 1, name(-8)],
      [month(-7), name(-7)],
      [month(-119), name(-119)],
      [month(-121), 'cdc_audit_log_default'],
      [month(4), 'cdc_audit_log_default'],
      [0, 'cdc_audit_log_default'],
    ]
    // Months are those of UTC, whatever the zone of the session.
    const inNewYork = createPool(`${database.serviceUrl}?options=-ctimezone%3DAmerica/New_York`, {
      applicationName: 'zone',
    })
    await trailOn(inNewYork).write(
      expected.map(([timestamp], n) => anAuditRow({ topic, timestamp, offset: BigInt(n) })),
    )
    await inNewYork.end()
    const lies = await database.asOwner(
      `select tableoid::regclass::text as at from cdc_audit_log where topic = $1 order by topic_offset`,
      [topic],
    )
    expect(lies.map(({ at }) => at)).toEqual(expected.map(([, partition]) => partition))
  })

  test('a month that has come near while its rows lay in the default partition stays there', async () => {
    const topic = 'came-near.t'
    const at = new Date('2020-05-15T00:00:00Z')
    const text = `insert into cdc_audit_log_default overriding system value select (jsonb_populate_record(r, jsonb_build_object('audit_id', audit_id + 1000000, 'timestamp', $1::text, 'topic', $2::text))).*
      from cdc_audit_log as r limit 1`
    await database.asOwner(text, [at.toISOString(), topic])
    await trail.write([anAuditRow({ topic, timestamp: at.getTime() + 1 })])
    const lies = await database.asOwner(`select tableoid::regclass::text as at from cdc_audit_log where topic = $1`, [
      topic,
    ])
    expect(lies.map(({ at }) => at)).toEqual(['cdc_audit_log_default', 'cdc_audit_log_default'])
    await database.asOwner('delete from cdc_audit_log where topic = $1 and audit_id > 1000000', [topic])
  })

  test('a name that would not fit its column is refused at the start', () => {
    const names = {
      database: database.open(),
      key: auditKey,
      clusterId: 'c',
      sourceSystem: 's',
      targetSystem: 't',
      userId: 'u',
    }
    const refused = expect.objectContaining({ code: 'CONFIG_INVALID', where: { path: 'SCRIM_SOURCE_SYSTEM' } })
    expect(() => createAuditTrail({ ...names, sourceSystem: 's'.repeat(51) })).toThrow(refused)
  })
})
