import { describe, expect, test } from 'vitest'
import { findMaskType, maskTypes } from '../../src/pipeline/mask/mask-types.ts'
import { exportToRanger } from '../../src/policy/ranger-export.ts'
import { rangerMaskName } from '../../src/policy/ranger-own.ts'
import ownServiceDef from '../../src/policy/ranger/servicedef-kafka-cdc.json' with { type: 'json' }
import { compile, type Plan } from '../../src/engine.ts'
import { readDocuments } from '../../src/policy/read-documents.ts'

describe('the service definition knows', () => {
  const known = ownServiceDef.dataMaskDef.maskTypes
  /** Ranger's ids end at 13. */
  const standard = ['MASK', 'MASK_SHOW_LAST_4', 'MASK_SHOW_FIRST_4', 'MASK_HASH', 'MASK_NULL', 'MASK_NONE']

  test('every mask, by the name that an export has', () => {
    expect(known.map(({ name }) => name).sort()).toEqual(Object.keys(maskTypes).map(rangerMaskName).sort())
    expect(known.every(({ name }) => maskTypes[findName(name)] !== undefined)).toBe(true)
  })

  test('each by an id of its own: those of Ranger as there, ours from 100 on', () => {
    const ids = new Map(known.map(({ name, itemId }) => [name, itemId]))
    expect(new Set(ids.values()).size).toBe(known.length)
    const theirs = [...standard, 'MASK_DATE_SHOW_YEAR', 'CUSTOM']
    expect(theirs.map(name => ids.get(name))).toEqual([1, 2, 3, 4, 5, 6, 12, 13])
    expect(known.filter(({ name }) => !theirs.includes(name)).every(({ itemId }) => itemId >= 100)).toBe(true)
  })

  const findName = (name: string): string =>
    Object.entries(maskTypes).find(([, maskType]) => maskType === findMaskType(name))?.[0] ?? ''
})

const topic = 'server.hr.staff'
const policy = (maskingPolicy: object, more: object = {}) => ({
  name: 'a',
  resources: { topic },
  ...more,
  maskingPolicy: { maskingConditions: [{ field: 'id', maskType: 'none' }], ...maskingPolicy },
})
const exported = (...documents: object[]) => exportToRanger(readDocuments(documents, 'test').documents)
const lostOf = (...documents: object[]) =>
  exported(...documents).notExported.map(({ policy, path }) => `${policy} ${path}`.trim())

describe('what an export cannot say is listed', () => {
  test.each<[why: string, documents: object[], lost: string[]]>([
    ['nothing', [policy({})], []],
    ['a projection', [policy({ projection: { drop: ['x'] } })], ['a maskingPolicy.projection']],
    ['tests', [policy({}, { tests: [] })], ['a tests']],
    [
      'a part of a column',
      [policy({ maskingConditions: [{ field: 'address.city', maskType: 'null' }] })],
      ['a maskingPolicy.maskingConditions[0]'],
    ],
    [
      'a column with a name that is a pattern',
      [policy({ maskingConditions: [{ field: '$.after["a*"]', maskType: 'null' }] })],
      ['a maskingPolicy.maskingConditions[0]'],
    ],
    ['a policy that says nothing', [policy({ maskingConditions: [] })], ['a maskingPolicy']],
    ['a policy for nobody', [policy({}, { groups: [] })], ['a users']],
    ['a user in braces', [policy({}, { users: ['{USER}'] })], ['a users']],
    ['a table schema', [{ name: 's', tableSchema: { topic, columns: [] } }], ['s']],
    ['a view', [{ name: 'v', outputTopic: 'x.${topic}' }], ['v']],
    [
      'an order that Ranger would turn round',
      [
        policy({ maskingConditions: [{ field: 'id', maskType: 'drop' }] }, { resources: { topic: '*' } }),
        policy({}, { name: 'b' }),
      ],
      ['a resources.topic'],
    ],
    [
      'a wildcard, which hides less here',
      [policy({ maskingConditions: [{ field: 'after.*', maskType: 'drop' }] })],
      ['a maskingPolicy.maskingConditions[0]'],
    ],
  ])('%s', (_why, documents, lost) => {
    expect(lostOf(...documents)).toEqual(lost)
  })
})

/** What an export, read again, comes to for a topic. */
function rulesOf(documents: readonly object[]): Plan['forTopic'] {
  const { plan, problems } = compile(documents as unknown[])
  if (plan === null) throw new Error(JSON.stringify(problems))
  return plan.forTopic
}

test('options of our own come back', () => {
  const rowFilter = { filterExpr: 'id > 3', undecidedDelete: 'drop', replicaIdentity: 'full' }
  const document = policy({ unknownColumns: 'quarantine', toast: 'omit', rowFilter })
  const { policies } = exported(document)
  const [before, after] = [[document], policies].map(
    list => rulesOf(list)(topic, { compacted: false })?.views[0]?.rules,
  )
  expect(after).toMatchObject({ unknown: 'quarantine', toast: 'omit' })
  const { policy: _policy, path: _path, ...said } = before!.rowFilter!
  expect(after!.rowFilter).toMatchObject(said)
})

test('readers come back', () => {
  const views = ['hr', 'it'].map(group => ({ name: group, outputTopic: `\${topic}.${group}`, groups: [group] }))
  const { policies } = exported(policy({}, { groups: ['hr'] }))
  const plan = rulesOf([...policies, ...views])(topic, { compacted: false })
  expect(plan?.views.map(({ view }) => view)).toEqual(['hr'])
})
