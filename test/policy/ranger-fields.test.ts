import { describe, expect, test } from 'vitest'
import { compile, transform } from '../../src/engine.ts'

const topic = 'server.hr.staff'
const after = { id: 7, email: 'a@b.example', address: '{"city":"Jaipur","pin":"302001"}', "it's": 'x' }
const record = { topic, offset: 1, key: null, value: { before: null, after, source: {}, op: 'c', ts_ms: 1 } }
const schema = {
  name: 'schema',
  tableSchema: {
    topic,
    columns: Object.keys(after).map(name => ({
      name,
      type: name === 'id' ? 'int64' : 'string',
      optional: true,
      ...(name === 'address' ? { logical: 'io.debezium.data.Json' } : {}),
    })),
  },
}
const mask = (field: object, maskType = 'MASK_NULL', more: object = {}, info: object = {}) => ({
  service: 'cdc',
  serviceType: 'kafka-cdc',
  name: `${maskType} ${JSON.stringify(field)}`,
  policyType: 1,
  resources: { topic: { values: [topic] }, field },
  dataMaskPolicyItems: [
    { accesses: [{ type: 'consume' }], groups: ['public'], dataMaskInfo: { dataMaskType: maskType, ...info } },
  ],
  ...more,
})
const fields = (...values: string[]) => ({ values })

function rowOf(...policies: object[]): unknown {
  const { plan, problems } = compile([schema, ...policies], { now: 0 })
  if (plan === null) return problems.map(({ code, where }) => [code, where.path])
  const [outcome] = transform([record], plan)
  if (outcome?.outcome !== 'publish') return outcome
  return (JSON.parse(Buffer.from(outcome.record.value!, 'base64').toString()) as { after: object }).after
}

describe('a field of a policy of Ranger may be a path', () => {
  test.each([
    'after.email',
    'before.email',
    '$.email',
    '$.after.email',
    'payload.after.email',
    "$['email']",
    'after.em*',
  ])('%s hides the column', field => {
    expect(rowOf(mask(fields(field)))).toEqual({ ...after, email: null })
  })

  test('after.* hides all', () => {
    expect(rowOf(mask(fields('after.*')))).toEqual({ id: null, email: null, address: null, "it's": null })
  })

  test.each(['address.city', 'after.address.city', '$.address.city', '*.city', '$..city'])('%s hides a part', field => {
    expect(rowOf(mask(fields(field)))).toEqual({ ...after, address: '{"city":null,"pin":"302001"}' })
  })

  test('what names the whole column goes before', () => {
    expect(rowOf(mask(fields('address.city')), mask(fields('address')))).toEqual({ ...after, address: null })
    expect(rowOf(mask(fields('after.email')), mask(fields('email'), 'MASK_NONE'))).toEqual({ ...after, email: null })
    expect(rowOf(mask(fields('after.email')), mask(fields('after.email'), 'MASK_NONE', { policyPriority: 1 }))).toEqual(
      after,
    )
  })

  test('a column that is named for another topic is not known in this one', () => {
    const both = mask(fields('*'), 'MASK_NONE', {
      additionalResources: [{ topic: { values: ['other'] }, field: fields('email', 'id', 'address', "it's") }],
    })
    const { plan } = compile([both], { now: 0 })
    expect(transform([record], plan!)).toMatchObject([{ outcome: 'reject', code: 'RECORD_UNKNOWN_COLUMN' }])
  })

  test('there is a bound on them, for each is asked for in each topic', () => {
    const many = Array.from({ length: 2_001 }, (_, n) => `address.a${n}`)
    expect(rowOf(mask(fields(...many)))).toContainEqual(['POLICY_SHAPE', undefined])
  })

  test('what is excluded by a path is hidden with the rest', () => {
    expect(rowOf(mask({ values: ['id', 'address.city'], isExcludes: true }))).toMatchObject({ id: 7, address: null })
  })

  test.each([
    ['$.a[', 'MASK_NULL'],
    ['add*.city', 'MASK_NULL'],
    ['address.c?ty', 'MASK_NULL'],
    ['address.city', 'CUSTOM'],
  ])('%s with %s is refused', (field, maskType) => {
    expect(rowOf(mask(fields(field), maskType, {}, { valueExpr: "'x'" }))).toEqual([
      ['POLICY_SELECTOR', 'resources.field'],
    ])
  })
})
