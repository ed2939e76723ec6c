import { createHmac } from 'node:crypto'
import type pg from 'pg'
import { describe, expect, test } from 'vitest'
import { changes } from '../../compose/demo/changes.ts'
import { eventOf } from '../../compose/demo/compare-records.ts'
import { readRows } from '../../compose/demo/compare-rows.ts'
import {
  verifyChange,
  verifyPolicyChange,
  verifyRecords,
  verifySilence,
  verifyTables,
} from '../../compose/demo/verify.ts'
import { warehouseToCitizen } from '../support/proof/road.ts'
import { describeWithStack } from '../support/stack/require-stack.ts'
import { until } from '../support/stack/until.ts'
import { type TestRoad, useRoad } from './road.ts'

const { signal } = new AbortController()

/** One value of one row, as Postgres prints it; undefined where there is no such row. */
async function cell(
  client: pg.Client,
  from: string,
  column: string,
  where: string,
): Promise<string | null | undefined> {
  const [row] = await readRows(client, from, [column], where)
  return row?.[column]
}

async function ready(road: TestRoad): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${road.service.url}/health/ready`)
  return { status: answer.status, text: await answer.text() }
}

describeWithStack('from smart_warehouse to smart_citizen', stack => {
  const useTheRoad = useRoad(stack, warehouseToCitizen)

  test('the target holds the mask of every row of the snapshot', async () => {
    const { rows, cells } = await verifyTables(useTheRoad(), signal)
    expect(rows).toBe(27)
    expect(cells).toBeGreaterThan(400)
  })

  test.each(changes(1).map(change => [change.title, change] as const))('%s', async (_title, change) => {
    await verifyChange(useTheRoad(), change, signal)
  })

  test('an update that leaves a TOASTed value alone keeps it', async () => {
    const { source, target, tail } = useTheRoad()
    const where = `profile_id = 'a1b2c3d4-0000-4000-8000-000000001003'`
    const long = await cell(source, 'profile_360', 'summary_hi', where)
    expect(long?.length).toBeGreaterThan(3000)
    await source.query(`update profile_360 set dependents = 9 where ${where}`)
    await until('the update', async () => (await cell(target, 'profile_summary', 'dependents', where)) === '9')
    expect(await cell(target, 'profile_summary', 'summary_hi', where)).toBe(long)
    // The source connector looked the value up again.
    const last = tail
      .records('warehouse-to-citizen-cdc.profile_360.masked')
      .findLast(record => eventOf(record)?.payload.after?.dependents === 9)
    expect(last && eventOf(last)?.payload.after?.summary_hi).toBe(long)
  })

  test('every raw record has its masked record: key, headers, before, after, schema', async () => {
    const { rows } = await verifyRecords(useTheRoad(), signal)
    expect(rows).toBeGreaterThan(35)
  })

  test('a delete carries the masked row in before, and its tombstone follows', () => {
    const masked = useTheRoad().tail.records('warehouse-to-citizen-cdc.golden_records.masked')
    const index = masked.findLastIndex(record => eventOf(record)?.payload.op === 'd')
    const deleted = masked[index]
    expect(deleted && eventOf(deleted)?.payload.before?.aadhaar_number).toMatch(/^\*{8}\d{4}$/)
    const next = masked.slice(index + 1).find(({ partition }) => partition === deleted?.partition)
    expect(next?.value).toBeNull()
    expect(next?.key?.toString()).toBe(deleted?.key?.toString())
  })

  test('a policy changed over HTTP shows in the next record, and in none before', async () => {
    await verifyPolicyChange(useTheRoad(), 'WITHHELD', signal)
  })

  test('no protected value stands in a masked topic, the target, the log, the metrics, or the store', async () => {
    const { secrets } = await verifySilence(useTheRoad())
    expect(secrets).toBeGreaterThan(200)
  })

  test('without ReselectColumns a TOAST placeholder is left out, and the target keeps its value', async () => {
    const road = useTheRoad()
    const { source, target, tail } = road
    await road.reconfigureSource({ 'post.processors': null })
    const where = `profile_id = 'a1b2c3d4-0000-4000-8000-000000001001'`
    const long = await cell(source, 'profile_360', 'summary_hi', where)
    await source.query(`update profile_360 set dependents = 11 where ${where}`)
    await until('the update', async () => (await cell(target, 'profile_summary', 'dependents', where)) === '11')
    expect(await cell(target, 'profile_summary', 'summary_hi', where)).toBe(long)
    const isIt = (record: Parameters<typeof eventOf>[0]) => eventOf(record)?.payload.after?.dependents === 11
    const raw = await until('the raw record', () => tail.records('warehouse-to-citizen-cdc.profile_360').find(isIt))
    expect(eventOf(raw)?.payload.after?.summary_hi).toBe('__debezium_unavailable_value')
    const masked = await until('the masked record', () =>
      tail.records('warehouse-to-citizen-cdc.profile_360.masked').find(isIt),
    )
    expect(eventOf(masked)?.payload.after).not.toHaveProperty('summary_hi')
  })

  test('a new column holds its partitions until somebody names it', async () => {
    const road = useTheRoad()
    const { source, target, service } = road
    await source.query('alter table scheme_master add column helpline text')
    await source.query(
      `update scheme_master set helpline = '0141-000181', department = 'Energy' where scheme_code = 'UJJWALA'`,
    )
    const held = await until('the hold', async () => {
      const { status, text } = await ready(road)
      return status === 503 && text.includes('RECORD_UNKNOWN_COLUMN') ? text : undefined
    })
    expect(held).toContain('warehouse-to-citizen-cdc.scheme_master')
    expect(held).not.toContain('0141-000181')
    expect(await cell(target, 'schemes', 'department', `scheme_code = 'UJJWALA'`)).toBe('Petroleum')
    const answer = await fetch(`${service.url}/v1/policies/mask-pii-in-cdc-scheme-master`, {
      method: 'PATCH',
      headers: {
        authorization: `Bearer ${service.token}`,
        'content-type': 'application/json-patch+json',
        'if-match': '*',
      },
      body: JSON.stringify([
        { op: 'add', path: '/maskingPolicy/maskingConditions/-', value: { field: 'after.helpline', maskType: 'drop' } },
      ]),
    })
    expect(answer.status).toBe(200)
    await until(
      'the partition to go on',
      async () => (await cell(target, 'schemes', 'department', `scheme_code = 'UJJWALA'`)) === 'Energy',
    )
    await until('readiness', async () => (await ready(road)).status === 200)
  })

  test('a truncate on a topic of several partitions holds its partition, the others go on', async () => {
    const road = useTheRoad()
    const { source, target } = road
    await road.reconfigureSource({ 'skipped.operations': 'none' })
    await source.query('truncate scheme_master')
    const held = await until('the hold', async () => {
      const { status, text } = await ready(road)
      return status === 503 && text.includes('RECORD_TRUNCATE_UNORDERED') ? text : undefined
    })
    expect(held).toContain('warehouse-to-citizen-cdc.scheme_master')
    await source.query(`update golden_records set city = 'Bagru' where golden_record_id = 1003`)
    await until(
      'the update',
      async () => (await cell(target, 'profile_data', 'city', 'golden_record_id = 1003')) === 'Bagru',
    )
    expect(await readRows(target, 'schemes', ['scheme_code'])).toHaveLength(6)
  })
})

describeWithStack('from smart_citizen to smart_warehouse', stack => {
  const key = Buffer.alloc(32, 7)
  const useTheRoad = useRoad(
    stack,
    {
      sourceConnector: 'citizen-to-warehouse-connector',
      sink: 'warehouse-sink',
      from: 'citizen',
      rawTopics: ['citizens', 'service_applications', 'documents'].map(table => `citizen-to-warehouse-cdc.${table}`),
      policies: new URL('policies', import.meta.url),
      env: {
        SCRIM_KEYS: JSON.stringify({ aadhaar: key.toString('hex') }),
        SCRIM_SOURCE_SYSTEM: 'citizen',
        SCRIM_TARGET_SYSTEM: 'warehouse',
      },
    },
    source =>
      source.query(`
        insert into citizens values
          (71, '234567890121', 'Asha Devi Sharma', '1984-02-29', 'female', '+91 90000 10417', 'asha@example.in', 'Plot 14', 'Jaipur', 'Jaipur', '302015', 'argon2id$secret', 'verified', 'active', '2024-11-02 05:06:07.089123+05:30'),
          (72, '345678901232', 'इमरान ख़ान', null, null, null, null, null, null, null, null, null, 'pending', 'active', '1970-01-01 00:00:00+00');
        insert into service_applications values (9007199254740993, 71, 'PALANHAR', 'SUBMITTED', 1500.00, E'two\\nlines', gen_random_uuid(), '2024-11-03 00:00:00+05:30');
        insert into documents values
          (71, 1, 'RATION CARD', 'RJ-000-141-7781', 'कार्ड.pdf', 48211, '\\xdeadbeef00ff', '2024-11-03 00:00:00+05:30'),
          (72, 1, 'PAN', null, null, null, null, '2024-11-03 00:00:00+05:30');`),
  )

  const sorted = (rows: readonly object[]) => rows.map(row => JSON.stringify(row)).sort()
  const hash = (aadhaar: string | null | undefined) =>
    aadhaar && createHmac('sha256', key).update(aadhaar).digest('hex')
  const lastFour = (text: string | null | undefined) => text && '*'.repeat(text.length - 4) + text.slice(-4)

  /** The tables of section 3.2, masked by hand. */
  async function expectTheMask({ source, target }: TestRoad): Promise<void> {
    const citizen =
      'id full_name date_of_birth gender mobile_number email address_line1 city district pincode verification_status status updated_at aadhaar_number'
    const application = 'application_id citizen_id scheme_code status requested_amount remarks submitted_at'
    const document = 'citizen_id document_no document_type file_name size_bytes uploaded_at document_number'
    const pairs = [
      ['citizens', 'citizens', citizen, { aadhaar_number: hash }],
      ['service_applications', 'application_events', application, {}],
      ['documents', 'document_metadata', document, { document_number: lastFour }],
    ] as const
    await until('source and target to agree', async () => {
      for (const [from, to, columns, masks] of pairs) {
        const names = columns.split(' ')
        const raw = await readRows(source, from, names)
        const masked = raw.map(row => ({
          ...row,
          ...Object.fromEntries(Object.entries(masks).map(([name, mask]) => [name, mask(row[name])])),
        }))
        expect(sorted(await readRows(target, to, names))).toEqual(sorted(masked))
      }
      return true
    })
  }

  test('the target holds the mask of every row of the snapshot', async () => {
    await expectTheMask(useTheRoad())
    expect(await readRows(useTheRoad().target, 'document_metadata', ['document_no'])).toHaveLength(2)
  })

  describe('and of every change', () => {
    test.each([
      [
        'an insert',
        `insert into citizens (id, aadhaar_number, full_name, password_hash) values (73, '456789012343', 'Meena Bai', 'argon2id$other')`,
      ],
      ['an update', `update citizens set city = 'उदयपुर', aadhaar_number = '456789012344' where id = 73`],
      ['the key change of a composite key', 'update documents set document_no = 2 where citizen_id = 71'],
      ['a delete', 'delete from citizens where id = 72'],
      [
        'a transaction over three tables',
        `begin; insert into service_applications values (2, 73, 'NREGA', 'DRAFT'); delete from documents where citizen_id = 72; update citizens set status = 'blocked' where id = 71; commit`,
      ],
    ])('%s', async (_what, statement) => {
      await useTheRoad().source.query(statement)
      await expectTheMask(useTheRoad())
    })
  })

  test('credentials, sessions and file contents do not come along', async () => {
    const { tail, service } = useTheRoad()
    const topics = ['citizens', 'service_applications', 'documents'].map(
      table => `citizen-to-warehouse-cdc.${table}.masked`,
    )
    const texts = [
      service.log(),
      ...topics.map(topic =>
        tail
          .records(topic)
          .map(({ key, value }) => `${key}${value}`)
          .join('\n'),
      ),
    ]
    for (const text of texts) {
      expect(text).not.toBe('')
      for (const secret of [
        'argon2id',
        'password_hash',
        'session_id',
        '3q2+7wD/',
        '234567890121',
        '345678901232',
        '456789012343',
      ])
        expect(text).not.toContain(secret)
    }
  })
})
