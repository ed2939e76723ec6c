import { expect, test } from 'vitest'
import { compile, transform } from '../../src/engine.ts'
const topic = 'server.hr.staff'
const after = { id: 7, ssn: '123456789', city: 'Jaipur' }
const record = { topic, offset: 1, key: null, value: { before: null, after, source: {}, op: 'c', ts_ms: 1 } }
const r = (...values: string[]) => ({ values })
const item = (maskType: string) => ({
  accesses: [{ type: 'select' }],
  groups: ['public'],
  dataMaskInfo: { dataMaskType: maskType },
})
const table = { database: r('hr'), table: r('staff') }
const mask = (name: string, column: object, maskType: string, more: object = {}) => ({
  service: 'h',
  serviceType: 'hive',
  name,
  policyType: 1,
  resources: { ...table, column },
  dataMaskPolicyItems: [item(maskType)],
  ...more,
})
const schema = {
  name: 'schema',
  tableSchema: {
    topic,
    columns: Object.keys(after).map(name => ({ name, type: name === 'id' ? 'int64' : 'string', optional: true })),
  },
}
const filter = (text: string, more: object = {}) => ({
  service: 'h',
  serviceType: 'hive',
  name: 'f',
  policyType: 2,
  resources: table,
  rowFilterPolicyItems: [{ accesses: [{ type: 'select' }], groups: ['public'], rowFilterInfo: { filterExpr: text } }],
  ...more,
})
const z = { zoneName: 'z' }
function run(documents: unknown[]) {
  const { plan, problems } = compile(documents, { now: 0 })
  if (plan === null) return problems
  return transform([record], plan).map(o =>
    o.outcome === 'publish' ? JSON.parse(Buffer.from(o.record.value!, 'base64').toString()).after : o,
  )[0]
}
test('excludes', () =>
  expect(run([mask('p', { values: ['id'], isExcludes: true }, 'MASK_NULL', z), schema])).toEqual({
    id: 7,
    ssn: null,
    city: null,
  }))
test('filter beside a mask in one zone', () =>
  expect(run([mask('p', r('ssn'), 'MASK_NULL', z), filter("city = 'Kota'", z), schema])).toMatchObject({
    outcome: 'drop',
  }))
test('filter alone in a zone', () =>
  expect(run([filter("city = 'Kota'", z), schema])).toMatchObject({ outcome: 'drop' }))
test('unzoned filter, zoned mask', () =>
  expect(run([mask('p', r('ssn'), 'MASK_NULL', z), filter("city = 'Kota'"), schema])).toMatchObject({
    outcome: 'drop',
  }))
test('two zones overlap', () =>
  expect(
    run([mask('p', r('ssn'), 'MASK_NULL', z), mask('q', r('ssn', 'city'), 'MASK_NULL', { zoneName: 'y' }), schema]),
  ).toEqual({ id: 7, ssn: null, city: null }))
test('unzoned mask in a table of which another column is in a zone', () =>
  expect(run([mask('p', r('ssn'), 'MASK_NULL', z), mask('q', r('city'), 'MASK_NULL'), schema])).toEqual({
    id: 7,
    ssn: null,
    city: null,
  }))
test('unzoned exemption does not clear what a zone hides', () =>
  expect(
    run([mask('p', r('ssn'), 'MASK_NULL', z), mask('q', r('ssn'), 'MASK_NONE', { policyPriority: 1 }), schema]),
  ).toEqual({ id: 7, ssn: null, city: 'Jaipur' }))
test('access in a zone', () => {
  const access = {
    service: 'h',
    serviceType: 'hive',
    name: 'a',
    policyType: 0,
    resources: { ...table, column: r('*') },
    policyItems: [{ accesses: [{ type: 'select' }], groups: ['staff'] }],
    ...z,
  }
  expect(compile([access, mask('p', r('ssn'), 'MASK_NULL'), schema], { now: 0 }).plan?.names(topic)).toBe(false)
})
