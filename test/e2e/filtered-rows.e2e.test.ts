import type pg from 'pg'
import { expect, test } from 'vitest'
import { eventOf } from '../../compose/demo/compare-records.ts'
import { readRows } from '../../compose/demo/compare-rows.ts'
import { warehouseToCitizen } from '../support/proof/road.ts'
import { describeWithStack } from '../support/stack/require-stack.ts'
import { until } from '../support/stack/until.ts'
import { type TestRoad, useRoad } from './road.ts'

/** Of the row, as Postgres prints it; undefined where the table has none. */
async function cell(client: pg.Client, from: string, column: string, where: string) {
  const [row] = await readRows(client, from, [column], where)
  return row === undefined ? undefined : row[column]
}

async function patch({ service }: TestRoad, policy: string, value: Record<string, unknown>): Promise<void> {
  const answer = await fetch(`${service.url}/v1/policies/${policy}`, {
    method: 'PATCH',
    headers: {
      authorization: `Bearer ${service.token}`,
      'content-type': 'application/json-patch+json',
      'if-match': '*',
    },
    body: JSON.stringify(
      Object.entries(value).map(([name, one]) => ({ op: 'add', path: `/maskingPolicy/${name}`, value: one })),
    ),
  })
  expect([answer.status, await answer.text()]).toEqual([200, expect.anything()])
}

describeWithStack('rows behind a filter, with the stock connectors', stack => {
  const useTheRoad = useRoad(stack, warehouseToCitizen)

  test('replica identity default: a row that leaves the filter goes from the target, one that enters comes', async () => {
    const road = useTheRoad()
    const { source, target, tail } = road
    const where = `scheme_code = 'UJJWALA'`
    const shown = (): Promise<string | null | undefined> => cell(target, 'schemes', 'department', where)
    await until('the snapshot', async () => (await shown()) === 'Petroleum')
    await patch(road, 'mask-pii-in-cdc-scheme-master', {
      rowFilter: { filterExpr: "department <> 'Withheld'" },
      projection: { columns: { department: 'substr(department, 1, 6)' } },
    })
    await source.query(`update scheme_master set department = 'Withheld' where ${where}`)
    await until('the row to go', async () => (await shown()) === undefined)
    const topic = 'warehouse-to-citizen-cdc.scheme_master.masked'
    const records = tail.records(topic).filter(({ key }) => key?.toString().includes('UJJWALA') === true)
    const [deleted, tombstone] = records.slice(-2)
    expect(eventOf(deleted!)?.payload).toMatchObject({
      op: 'd',
      // The sink fails on a delete without any: this has the key, and nothing of the row.
      before: { scheme_code: 'UJJWALA', scheme_name: '' },
      after: null,
    })
    expect([tombstone?.value, tombstone?.key?.toString()]).toEqual([null, deleted?.key?.toString()])

    await source.query(`update scheme_master set department = 'Energy department' where ${where}`)
    await until('the row to come', async () => (await shown()) === 'Energy')

    await source.query(`
      insert into scheme_master (scheme_code, scheme_name, department) values ('HIDDEN', 'h', 'Withheld');
      insert into scheme_master (scheme_code, scheme_name, department) values ('SHOWN', 's', 'Open');
      delete from scheme_master where scheme_code = 'HIDDEN';
      delete from scheme_master where ${where};`)
    await until(
      'the insert',
      async () => (await cell(target, 'schemes', 'department', `scheme_code = 'SHOWN'`)) === 'Open',
    )
    await until('the delete', async () => (await shown()) === undefined)
    expect(await readRows(target, 'schemes', ['scheme_code'], `scheme_code = 'HIDDEN'`)).toEqual([])
    expect(tail.records(topic).some(({ value }) => value?.toString().includes('Withheld') === true)).toBe(false)
  })

  test('replica identity full: the delete has the masked row, and the audit says what went out', async () => {
    const road = useTheRoad()
    const { source, target, tail, own } = road
    const where = 'golden_record_id = 1003'
    const shown = (): Promise<string | null | undefined> => cell(target, 'profile_data', 'city', where)
    await until('the snapshot', async () => (await shown()) !== undefined)
    await patch(road, 'mask-pii-in-cdc-golden-records', {
      rowFilter: { filterExpr: "city is null or city <> 'Withheld'" },
    })
    await source.query(`update golden_records set city = 'Withheld' where ${where}`)
    await until('the row to go', async () => (await shown()) === undefined)
    const records = tail.records('warehouse-to-citizen-cdc.golden_records.masked')
    const deleted = records.findLast(record => eventOf(record)?.payload.op === 'd')
    expect(deleted && eventOf(deleted)?.payload.before?.aadhaar_number).toMatch(/^\*{8}\d{4}$/)
    await source.query(`update golden_records set city = 'Bagru' where ${where}`)
    await until('the row to come', async () => (await shown()) === 'Bagru')
    const created = tail
      .records('warehouse-to-citizen-cdc.golden_records.masked')
      .findLast(record => eventOf(record)?.payload.after?.city === 'Bagru')
    expect(created && eventOf(created)?.payload).toMatchObject({ op: 'c', before: null })
    const audited = await own.query<{ operation: string }>(
      `select operation from cdc_audit_log where topic = 'warehouse-to-citizen-cdc.golden_records' order by audit_id desc limit 2`,
    )
    expect(audited.rows.map(({ operation }) => operation.toLowerCase())).toEqual(['insert', 'delete'])
  })
})
