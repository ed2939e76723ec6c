import { expect, test } from 'vitest'
import { compile } from '../../src/engine.ts'
import type { ColumnRules } from '../../src/pipeline/plan.ts'
import { bindColumn } from '../../src/pipeline/project/bind-column.ts'
import { keyForm, keyIdsOf } from '../../src/policy/key-form.ts'
import { exampleKey } from '../support/agreement.ts'
import { columnType, exampleKeys } from '../support/mask-samples.ts'

const warningsOf = (maskingConditions: Record<string, unknown>[]): unknown[] => {
  const policy = { name: 'a', resources: { topic: 't' }, maskingPolicy: { maskingConditions } }
  const { plan, problems } = compile([policy], { keys: { default: exampleKey } })
  expect(plan).not.toBeNull()
  return problems.map(({ code, severity, where, detail }) => [code, severity, where.path, detail])
}

test('a policy is warned of its masks that are made to agree and not to hide', () => {
  expect(
    warningsOf([
      { field: 'a', maskType: 'MASK' },
      { field: 'b', maskType: 'MASK_SHOW_LAST_4', dialect: 'hive' },
      { field: 'c', maskType: 'MASK_HASH', dialect: 'hive' },
      { field: '*', maskType: 'MASK', dialect: 'trino' },
    ]),
  ).toEqual([
    ['POLICY_LOOSE_DIALECT', 'warning', 'maskingPolicy.maskingConditions[1].dialect', 'dialect hive, and 2 more'],
  ])
})

test('nothing is told of our own dialect, nor where dialects do not differ', () => {
  expect(
    warningsOf([
      { field: 'a', maskType: 'MASK', dialect: 'strict' },
      { field: 'b', maskType: 'MASK_HASH' },
      { field: 'c', maskType: 'MASK_NULL', dialect: 'hive' },
      { field: 'd', maskType: 'MASK_NONE', dialect: 'nestedstructure' },
    ]),
  ).toEqual([])
})

test.each([
  ['a dialect that there is not', { maskType: 'MASK', dialect: 'impala' }],
  ['a hash without a key, and no dialect', { maskType: 'plain_hash' }],
  ['a key for a hash that has none', { maskType: 'MASK_HASH', dialect: 'hive', keyId: 'default' }],
  ['a dialect for a mask of ours', { maskType: 'partial', dialect: 'hive' }],
])('refused: %s', (_why, condition) => {
  const policy = {
    name: 'a',
    resources: { topic: 't' },
    maskingPolicy: { maskingConditions: [{ field: 'a', ...condition }] },
  }
  const { plan, problems } = compile([policy], { keys: { default: exampleKey } })
  expect(plan).toBeNull()
  expect(problems[0]?.code).toBe('POLICY_MASK_PARAMETERS')
})

const rulesOf = (condition: Record<string, unknown>): ColumnRules => {
  const maskingPolicy = { maskingConditions: [{ field: 'id', ...condition }] }
  const { plan } = compile([{ name: 'a', resources: { topic: 't' }, maskingPolicy }], { keys: { default: exampleKey } })
  const rules = plan?.forTopic('t', { compacted: false })?.views[0]?.rules
  if (rules === undefined) throw new Error('no plan')
  return rules
}

test.each(['MASK', 'MASK_SHOW_LAST_4', 'MASK_SHOW_FIRST_4', 'MASK_HASH', 'MASK_DATE_SHOW_YEAR'])(
  '%s of another product is not for keys',
  maskType => {
    const { problem } = bindColumn(
      'id',
      columnType('string'),
      'key',
      rulesOf({ maskType, dialect: 'hive' }),
      exampleKeys,
    )
    expect(problem?.code).toBe('SCHEMA_KEY_MASK')
  },
)

test('a key column may be told our dialect without going out otherwise', () => {
  for (const maskType of ['MASK_HASH', 'MASK_NONE'])
    expect(keyForm('id', rulesOf({ maskType, dialect: 'strict' }))).toEqual(keyForm('id', rulesOf({ maskType })))
})

test('a hash without a key needs none in the ring', () => {
  const maskingPolicy = { maskingConditions: [{ field: 'id', maskType: 'MASK_HASH', dialect: 'hive' }] }
  const document = { name: 'a', resources: { topic: 't' }, maskingPolicy }
  expect(compile([document]).plan).not.toBeNull()
  expect(keyIdsOf([document])).toEqual(new Set())
})
