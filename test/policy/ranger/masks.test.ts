import { describe, expect, test } from 'vitest'
import { consume, engine, filterPolicy, mask, maskOf, maskPolicy, noon, policies, request } from './kafka-cdc.ts'

/** What Ranger's own suite leaves open; see the engine's files for the rest. */
describe('items of a policy', () => {
  test('the first that matches decides, in the order of the list', () => {
    expect(maskOf([maskPolicy('a', 'orders', 'email', [mask('MASK_HASH'), mask('MASK_NULL')])])).toBe('MASK_HASH')
    expect(maskOf([maskPolicy('a', 'orders', 'email', [mask('MASK_NULL'), mask('MASK_HASH')])])).toBe('MASK_NULL')
  })

  test('one that does not match is passed over', () => {
    const items = [mask('MASK_HASH', { groups: ['audit'] }), mask('MASK_NULL')]
    expect(maskOf([maskPolicy('a', 'orders', 'email', items)])).toBe('MASK_NULL')
  })

  test('MASK_NONE ends the search, within a policy and over all', () => {
    const exempt = [mask('MASK_NONE', { groups: [], users: ['anna'] }), mask('MASK')]
    expect(maskOf([maskPolicy('a', 'orders', 'email', exempt)])).toBe('MASK_NONE')
    expect(maskOf([maskPolicy('a', 'orders', 'email', exempt), maskPolicy('b', '*', '*', [mask('MASK')])])).toBe(
      'MASK_NONE',
    )
  })

  test('one without users, groups and roles is for nobody', () => {
    expect(maskOf([maskPolicy('a', 'orders', 'email', [mask('MASK', { groups: [] })])])).toBeNull()
  })

  test('one without accesses is for none', () => {
    expect(maskOf([maskPolicy('a', 'orders', 'email', [mask('MASK', { accesses: [] })])])).toBeNull()
  })

  test('isAllowed: false is the same as not listed', () => {
    const accesses = [{ type: 'consume', isAllowed: false }]
    expect(maskOf([maskPolicy('a', 'orders', 'email', [mask('MASK', { accesses })])])).toBeNull()
  })
})

describe('policies', () => {
  test('a disabled one is as none', () => {
    expect(maskOf([maskPolicy('a', 'orders', 'email', [mask('MASK')], { isEnabled: false })])).toBeNull()
  })

  test('the higher priority goes first, however wide', () => {
    const wide = maskPolicy('z', '*', '*', [mask('MASK_NULL')], { policyPriority: 1 })
    expect(maskOf([maskPolicy('a', 'orders', 'email', [mask('MASK')]), wide])).toBe('MASK_NULL')
  })

  const valid = (validitySchedules: readonly unknown[], accessTime: number) =>
    maskOf([maskPolicy('a', 'orders', 'email', [mask('MASK')], { validitySchedules })], { accessTime })
  const june = { startTime: '2026/06/15 12:00:00', endTime: '2026/06/15 13:00:00' }

  test.each([
    ['before the start', noon - 1, null],
    ['at the start', noon, 'MASK'],
    ['at the end', noon + 3_600_000, 'MASK'],
    ['after the end', noon + 3_600_001, null],
  ])('a validity schedule %s', (_, accessTime, expected) => {
    expect(valid([june], accessTime)).toBe(expected)
  })

  test('several schedules: one is enough; their zones count', () => {
    const inLosAngeles = { ...june, timeZone: 'America/Los_Angeles' }
    expect(valid([inLosAngeles], noon)).toBeNull()
    expect(valid([inLosAngeles], noon + 7 * 3_600_000)).toBe('MASK')
    expect(valid([inLosAngeles, june], noon)).toBe('MASK')
  })
})

describe('names', () => {
  const forUser = (user: string, item: Readonly<Record<string, unknown>>) =>
    maskOf([maskPolicy('a', 'orders', 'email', [mask('MASK', item)])], { user })

  test('users and groups are compared with their case', () => {
    expect(forUser('anna', { groups: [], users: ['anna'] })).toBe('MASK')
    expect(forUser('Anna', { groups: [], users: ['anna'] })).toBeNull()
    expect(forUser('anna', { groups: ['Sales'] })).toBeNull()
    expect(forUser('anna', { groups: ['Public'] })).toBeNull()
    expect(forUser('anna', { groups: ['sales'] })).toBe('MASK')
  })

  test('access types are compared without it', () => {
    expect(forUser('anna', { accesses: [{ type: 'Consume' }] })).toBe('MASK')
    const policy = maskPolicy('a', 'orders', 'email', [mask('MASK')])
    expect(maskOf([policy], { accessType: 'CONSUME' })).toBe('MASK')
  })

  test('topics and fields are compared with it in our service-def, in others as they say', () => {
    expect(maskOf([maskPolicy('a', 'Orders', 'email', [mask('MASK')])])).toBeNull()
    expect(maskOf([maskPolicy('a', 'orders', 'Email', [mask('MASK')])])).toBeNull()
  })

  test.each([['__proto__'], ['constructor'], ['toString']])('%s is a name like any other', name => {
    const all = [maskPolicy('a', name, name, [mask('MASK', { groups: [], users: [name] })])]
    const elements = new Map([
      ['topic', name],
      ['field', name],
    ])
    expect(maskOf(all, { elements, user: name })).toBe('MASK')
    expect(maskOf(all)).toBeNull()
    expect(maskOf([maskPolicy('a', 'orders', 'email', [mask('MASK')])], { elements, user: name })).toBeNull()
  })

  test.each([
    ['orders', 'email', true],
    ['ord*', 'email', true],
    ['*', '*', true],
    ['o?ders', 'e*l', true],
    ['order', 'email', false],
    ['orders?', 'email', false],
    ['orders', 'mail', false],
    ['*ers', '*mail*', true],
  ])('wildcards: %s %s', (topic, field, isMatch) => {
    expect(maskOf([maskPolicy('a', topic, field, [mask('MASK')])])).toBe(isMatch ? 'MASK' : null)
  })

  test('excludes turn the values of a resource round', () => {
    const resources = { topic: { values: ['orders'] }, field: { values: ['id', 'name'], isExcludes: true } }
    const all = [maskPolicy('a', '', '', [mask('MASK')], { resources })]
    expect(maskOf(all)).toBe('MASK')
    expect(maskOf(all, { elements: { topic: 'orders', field: 'id' } })).toBeNull()
  })

  test('additional resources are alternatives', () => {
    const more = { additionalResources: [{ topic: { values: ['clients'] }, field: { values: ['phone'] } }] }
    const all = [maskPolicy('a', 'orders', 'email', [mask('MASK')], more)]
    expect(maskOf(all)).toBe('MASK')
    expect(maskOf(all, { elements: { topic: 'clients', field: 'phone' } })).toBe('MASK')
    expect(maskOf(all, { elements: { topic: 'clients', field: 'email' } })).toBeNull()
  })

  test('tokens stand for the user', () => {
    const all = [maskPolicy('a', 'inbox-{USER}', 'text', [mask('MASK', { groups: [], users: ['{USER}'] })])]
    expect(maskOf(all, { elements: { topic: 'inbox-anna', field: 'text' } })).toBe('MASK')
    expect(maskOf(all, { elements: { topic: 'inbox-bert', field: 'text' } })).toBeNull()
  })
})

describe('our order at equal priority', () => {
  const closeMask = maskPolicy('z close', 'orders', 'email', [mask('MASK_HASH')])
  const wideMask = maskPolicy('a wide', '*', '*', [mask('MASK_NULL')])

  test('the closer naming goes before the wider one; in Ranger it is the other way round', () => {
    expect(maskOf([wideMask, closeMask])).toBe('MASK_HASH')
    expect(maskOf([wideMask, closeMask], {}, { order: 'ranger' })).toBe('MASK_NULL')
  })

  test.each([
    ['a longer pattern before a shorter one', maskPolicy('z', 'ord*', '*', [mask('MASK_HASH')])],
    ['a pattern before a star', maskPolicy('z', 'orders', 'e*', [mask('MASK_HASH')])],
  ])('%s', (_, closer) => {
    expect(maskOf([closer, maskPolicy('a', 'o*', '*', [mask('MASK_NULL')])])).toBe('MASK_HASH')
  })

  test('what hides goes before what does not, if it is as close', () => {
    const clear = maskPolicy('a', 'orders', 'email', [mask('MASK_NONE')])
    expect(maskOf([clear, maskPolicy('z', 'orders', 'email', [mask('MASK_HASH')])])).toBe('MASK_HASH')
    // A topic by its name and a field by its name are as close as each other.
    expect(
      maskOf([maskPolicy('a', '*', 'email', [mask('MASK_NONE')]), maskPolicy('z', 'orders', '*', [mask('MASK')])]),
    ).toBe('MASK')
  })

  test('then the name of the policy decides, whatever the order of the list', () => {
    const first = maskPolicy('a', 'orders', 'email', [mask('MASK_HASH')])
    const second = maskPolicy('b', 'orders', 'email', [mask('MASK_NULL')])
    expect(maskOf([first, second])).toBe('MASK_HASH')
    expect(maskOf([second, first])).toBe('MASK_HASH')
  })

  test('policies that disagree are named, both of them', () => {
    const all = policies(
      maskPolicy('a', 'orders', 'email', [mask('MASK_HASH')]),
      maskPolicy('b', 'orders', '*', [mask('MASK_NULL')]),
      maskPolicy('c', 'orders', 'email', [mask('MASK_HASH')]),
      maskPolicy('d', 'orders', 'email', [mask('MASK')], { policyPriority: 1 }),
    )
    expect(engine(all.slice(0, 3)).conflicts(1, request())).toEqual([{ winner: 'a', other: 'b', policyType: 1 }])
    expect(engine(all).conflicts(1, request())).toEqual([])
    expect(engine(all).conflicts(1, request({ elements: { topic: 'clients', field: 'a' } }))).toEqual([])
  })
})

describe('row filters', () => {
  const filterOf = (...all: readonly object[]) =>
    engine(policies(...all.map(one => ({ ...one })))).evaluate(2, request({ elements: { topic: 'orders' } }))

  test('an empty filter is a decision, none is not', () => {
    expect(filterOf(filterPolicy('a', 'orders', '')).filter?.filterExpr).toBe('')
    expect(filterOf(filterPolicy('a', 'orders', null)).filter).toBeNull()
    expect(filterOf(filterPolicy('a', 'orders', null), filterPolicy('b', 'orders', 'x = 1')).policyId).toBe(2)
  })

  test('the closer one alone applies: filters are not combined', () => {
    const close = filterPolicy('z', 'orders', 'a = 1')
    expect(filterOf(filterPolicy('a', '*', 'b = 2'), close).filter?.filterExpr).toBe('a = 1')
  })

  test('one that filters goes before an exemption as close as it', () => {
    expect(filterOf(filterPolicy('a', 'orders', ''), filterPolicy('z', 'orders', 'a = 1')).policyId).toBe(2)
  })
})

describe('what is told with a decision', () => {
  test('policy, version, item, and whether the thing was named', () => {
    const item = [mask('MASK', { groups: ['audit'] }), mask('MASK_HASH')]
    const decide = (field: string) =>
      engine(policies(maskPolicy('a', 'orders', field, item, { guid: 'g', version: 7 }))).evaluate(1, request())
    expect(decide('email')).toMatchObject({
      policyId: 1,
      source: {
        policyId: 1,
        policyName: 'a',
        guid: 'g',
        policyVersion: 7,
        itemIndex: 1,
        matched: 'literal',
        isTag: false,
      },
    })
    expect(decide('e*').source?.matched).toBe('wildcard')
  })

  test('the trace says of each policy and item why it has no part', () => {
    const all = policies(
      maskPolicy('off', 'orders', 'email', [mask('MASK')], { isEnabled: false }),
      maskPolicy('old', 'orders', 'email', [mask('MASK')], { validitySchedules: [{ endTime: '2020/01/01 00:00:00' }] }),
      maskPolicy('else', 'clients', 'email', [mask('MASK')]),
      maskPolicy('wide', '*', '*', [mask('MASK')]),
      maskPolicy('close', 'orders', 'email', [
        mask('MASK', { accesses: [{ type: 'publish' }] }),
        mask('MASK', { groups: ['audit'] }),
        mask('MASK', { conditions: [{ type: '_expression', values: ["USER._name == 'bert'"] }] }),
        mask('MASK_HASH'),
      ]),
    )
    const { trace } = engine(all).evaluate(1, request(), { trace: true })
    const short = trace?.map(({ policy, itemIndex, reason, by }) => [policy, itemIndex, reason, by])
    expect(short).toEqual(
      expect.arrayContaining([
        ['off', null, 'disabled', null],
        ['old', null, 'not valid now', null],
        ['else', null, 'other resource', null],
        ['wide', 0, 'outranked', 'close'],
        ['close', 0, 'access type', null],
        ['close', 1, 'principal', null],
        ['close', 2, 'item condition', null],
        ['close', 3, 'applied', null],
      ]),
    )
    expect(short).toHaveLength(8)
    expect(engine(all).evaluate(1, request()).trace).toBeNull()
  })

  test('values of expressions come bound beside the text, and pasted in as Ranger does', () => {
    const values = { dept: "h'r", list: "'a','b''c'" }
    const decide = (text: string) =>
      engine(policies(filterPolicy('a', 'orders', text))).evaluate(
        2,
        request({ elements: { topic: 'orders' }, attributes: new Map(Object.entries(values)) }),
      )
    expect(decide("dept = '${{USER.dept}}'").filter).toEqual({
      filterExpr: "dept = '${{USER.dept}}'",
      resolvedFilter: "dept = 'h'r'",
      placeholders: [{ written: '${{USER.dept}}', value: "h'r" }],
    })
    expect(decide('dept in (${{USER.list}})').filter?.placeholders[0]?.value).toEqual(['a', "b'c"])
    const unknown = decide("dept = '${{USER.town}}'")
    expect(unknown.filter?.placeholders[0]?.value).toBeNull()
    expect(unknown.faults).toEqual(['${{USER.town}} has no value'])
  })
})

test('accesses of the request: several at once need one policy each', () => {
  const all = policies({
    name: 'a',
    resources: { topic: { values: ['orders'] } },
    policyItems: [{ accesses: consume, groups: ['public'] }],
  })
  const ask = (accessGroups: readonly (readonly string[])[]) =>
    engine(all).evaluate(
      0,
      request({ elements: { topic: 'orders' }, accessTypes: ['consume', 'publish'], accessGroups }),
    )
  expect(ask([['consume', 'publish']]).isAllowed).toBe(true)
  expect(ask([['consume'], ['publish']]).isAllowed).toBe(false)
})

test("a condition of an item counts in Ranger's order as one of the policy does", () => {
  const condition = { type: '_expression', values: ["USER._name == 'anna'"] }
  const two = (item: Readonly<Record<string, unknown>>, more: Readonly<Record<string, unknown>>) => [
    maskPolicy('b', 'orders', '*', [mask('MASK', item)], more),
    maskPolicy('a', 'orders', '?mail', [mask('MASK_NULL')]),
  ]
  expect(maskOf(two({}, {}), {}, { order: 'ranger' })).toBe('MASK')
  const five = Array.from({ length: 5 }, () => condition)
  expect(maskOf(two({}, { conditions: five }), {}, { order: 'ranger' })).toBe('MASK_NULL')
  expect(maskOf(two({ conditions: five }, {}), {}, { order: 'ranger' })).toBe('MASK_NULL')
})
