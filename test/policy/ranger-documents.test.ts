import { describe, expect, test } from 'vitest'
import { compile, type Plan, type Problem, transform } from '../../src/engine.ts'

const topic = 'server.hr.staff'
const record = {
  topic,
  offset: 1,
  key: null,
  value: { before: null, after: { id: 7, ssn: '123456789', city: 'Jaipur' }, source: {}, op: 'c', ts_ms: 1 },
}

const resource = (...values: string[]) => ({ values })
const item = (maskType: string, more: Record<string, unknown> = {}, info: Record<string, unknown> = {}) => ({
  accesses: [{ type: 'select', isAllowed: true }],
  groups: ['public'],
  dataMaskInfo: { dataMaskType: maskType, ...info },
  ...more,
})
const mask = (name: string, column: string | string[], items: object[], more: Record<string, unknown> = {}) => ({
  service: 'cl1_hive',
  serviceType: 'hive',
  name,
  policyType: 1,
  resources: { database: resource('hr'), table: resource('staff'), column: resource(...[column].flat()) },
  dataMaskPolicyItems: items,
  ...more,
})
const clear = (...columns: string[]) => mask(`clear ${columns}`, columns, [item('MASK_NONE')])
const views = (...all: object[]) => ({
  views: all.map((view, n) => ({ name: `v${n}`, outputTopic: `\${topic}.v${n}`, ...view })),
})

function run(
  documents: unknown[],
  now = 0,
): {
  problems: readonly Problem[]
  rows: Record<string, unknown>
  plan: Plan | null
} {
  const { plan, problems } = compile(documents, { now })
  if (plan === null) return { problems, rows: {}, plan }
  const rows = Object.fromEntries(
    transform([record], plan).map(outcome => {
      if (outcome.outcome !== 'publish') return ['view' in outcome ? outcome.view : '', outcome]
      return [
        outcome.view,
        (JSON.parse(Buffer.from(outcome.record.value!, 'base64').toString()) as { after: object }).after,
      ]
    }),
  )
  return { problems, rows, plan }
}
const rowOf = (documents: unknown[], now?: number) => run(documents, now).rows.public
const errorsOf = (documents: unknown[]) =>
  run(documents)
    .problems.filter(({ severity }) => severity === 'error')
    .map(({ code, where }) => [code, where.policy, where.path])

describe('a policy of Ranger for a table', () => {
  test('masks the topic that ends in schema and table', () => {
    expect(rowOf([mask('ssn', 'ssn', [item('MASK_NULL')]), clear('id', 'city')])).toEqual({
      id: 7,
      ssn: null,
      city: 'Jaipur',
    })
  })

  test('a pattern leaves nothing in clear that a policy hides, whatever its priority', () => {
    const hidden = {
      name: 'hidden',
      resources: { topic },
      maskingPolicy: {
        maskingConditions: [
          { field: 'id', maskType: 'none' },
          { field: 'ssn', maskType: 'null' },
          { field: 'city', maskType: 'none' },
        ],
      },
    }
    for (const pattern of ['*', 's*', 'SSN']) {
      const all = mask('all', pattern, [item('MASK_NONE')], { policyPriority: 1 })
      expect(rowOf([all, hidden])).toEqual({ id: 7, ssn: null, city: 'Jaipur' })
    }
    const named = mask('ssn', 'ssn', [item('MASK_NONE')], { policyPriority: 1 })
    expect(rowOf([named, hidden])).toMatchObject({ ssn: '123456789' })
  })

  test('names of columns may differ in case where they hide, not where they leave in clear', () => {
    expect(rowOf([mask('ssn', 'SSN', [item('MASK_NULL')]), clear('id', 'city')])).toMatchObject({ ssn: null })
    expect(rowOf([mask('ssn', 'ssn', [item('MASK_NULL')]), clear('ID', 'city')])).toMatchObject({
      outcome: 'reject',
      code: 'RECORD_UNKNOWN_COLUMN',
    })
  })

  test('a column that no policy names is unknown, whatever Ranger would show', () => {
    expect(rowOf([mask('ssn', 'ssn', [item('MASK_NULL')])])).toMatchObject({ code: 'RECORD_UNKNOWN_COLUMN' })
  })

  test('an accepted schema makes it known, and patterns go on hiding', () => {
    const schema = {
      name: 'schema',
      tableSchema: {
        topic,
        columns: ['id', 'ssn', 'city'].map(name => ({
          name,
          type: name === 'id' ? 'int64' : 'string',
          optional: true,
        })),
      },
    }
    const trino = {
      ...mask('sn', 'x', [item('MASK_NULL')]),
      service: 't',
      serviceType: 'trino',
      resources: { catalog: resource('*'), schema: resource('hr'), table: resource('st*'), column: resource('s?n') },
    }
    expect(rowOf([trino, schema])).toEqual({ id: 7, ssn: null, city: 'Jaipur' })
  })

  test('the first item that is for the reader decides', () => {
    const both = mask('ssn', 'ssn', [
      item('MASK_NONE', { groups: ['auditors'] }),
      item('MASK_NULL', { groups: ['public'] }),
    ])
    const { rows } = run([both, clear('id', 'city'), views({}, { groups: ['auditors'] })])
    expect(rows).toMatchObject({ v0: { ssn: null }, v1: { ssn: '123456789' } })
  })

  test('roles may be given, or come of the user, of a group or of another role', () => {
    const forRole = mask('ssn', 'ssn', [item('MASK_NONE', { groups: [], roles: ['top'] }), item('MASK_NULL')])
    const roles = {
      serviceName: 'cl1_hive',
      rangerRoles: [
        { name: 'top', roles: [{ name: 'middle' }] },
        { name: 'middle', users: [{ name: 'asha' }], groups: [{ name: 'auditors' }] },
      ],
    }
    const readers = views({}, { user: 'asha' }, { groups: ['auditors'] }, { roles: ['middle'] }, { roles: ['other'] })
    const { rows } = run([forRole, clear('id', 'city'), roles, readers])
    const shown = Object.entries(rows).filter(([, row]) => (row as { ssn: unknown }).ssn !== null)
    expect(shown.map(([name]) => name)).toEqual(['v1', 'v2', 'v3'])
  })

  test('priority goes before all, at equal priority what hides', () => {
    const hide = mask('a hide', 'ssn', [item('MASK_NULL')])
    const show = mask('b show', 'ssn', [item('MASK_NONE')])
    const rest = clear('id', 'city')
    expect(rowOf([hide, show, rest])).toMatchObject({ ssn: null })
    expect(rowOf([show, hide, rest])).toMatchObject({ ssn: null })
    expect(rowOf([hide, { ...show, policyPriority: 1 }, rest])).toMatchObject({ ssn: '123456789' })
    const ours = {
      name: 'ours',
      resources: { topic },
      maskingPolicy: { maskingConditions: [{ field: 'ssn', maskType: 'none' }] },
    }
    expect(rowOf([hide, ours, rest])).toMatchObject({ ssn: null })
    expect(rowOf([hide, { ...ours, policyPriority: 1 }, rest])).toMatchObject({ ssn: '123456789' })
  })

  test('one of a zone is not taken for one of the same name outside', () => {
    const show = mask('ssn', 'ssn', [item('MASK_NONE')])
    const hide = mask('ssn', 'ssn', [item('MASK_NULL')], { zoneName: 'z' })
    expect(rowOf([show, hide, clear('id', 'city')])).toMatchObject({ ssn: null })
    const download = {
      serviceName: 'cl1_hive',
      policies: [show, clear('id', 'city')],
      securityZones: {
        z: {
          resources: [{ database: ['hr'], table: ['staff'], column: ['ssn'] }],
          policies: [{ ...hide, zoneName: undefined }],
        },
      },
    }
    expect(rowOf([download])).toMatchObject({ ssn: null })
  })

  test('two that disagree are both named', () => {
    const schema = { name: 'schema', tableSchema: { topic, columns: [{ name: 'city', type: 'string' }] } }
    const warned = (documents: object[]) =>
      run(documents)
        .problems.filter(({ code }) => code === 'POLICY_DISAGREE')
        .map(({ where, detail }) => [where.policy, detail])
    const hide = mask('a hide', 'ssn', [item('MASK_NULL')])
    const show = mask('b show', 'ssn', [item('MASK_NONE')])
    const pair = ['cl1_hive:a hide', 'column ssn: policy cl1_hive:b show says otherwise']
    expect(warned([schema, hide, show])).toEqual([pair])
    expect(warned([schema, hide, { ...show, policyPriority: 1 }])).toEqual([])
    const maskingConditions = [{ field: 'ssn', maskType: 'none' }]
    const ours = { name: 'ours', resources: { topic }, maskingPolicy: { maskingConditions } }
    expect(warned([schema, hide, ours])).toEqual([['ours', 'column ssn: policy cl1_hive:a hide says otherwise']])
  })

  test('a disabled policy says nothing', () => {
    expect(
      rowOf([mask('ssn', 'ssn', [item('MASK_NULL')], { isEnabled: false }), clear('id', 'ssn', 'city')]),
    ).toMatchObject({ ssn: '123456789' })
  })

  test('a schedule is judged when the plan is made, and the plan says until when', () => {
    const until = mask('ssn', 'ssn', [item('MASK_NONE')], {
      policyPriority: 1,
      validitySchedules: [{ startTime: '2026/01/01 00:00:00', endTime: '2026/02/01 00:00:00', timeZone: 'UTC' }],
    })
    const documents = [until, mask('hide', 'ssn', [item('MASK_NULL')]), clear('id', 'city')]
    expect(rowOf(documents, Date.UTC(2026, 0, 15))).toMatchObject({ ssn: '123456789' })
    expect(rowOf(documents, Date.UTC(2026, 1, 15))).toMatchObject({ ssn: null })
    const next = run(documents, Date.UTC(2026, 0, 15)).plan!.nextChange!
    expect(next).toBeGreaterThanOrEqual(Date.UTC(2026, 1, 1))
    expect(next).toBeLessThan(Date.UTC(2026, 1, 1, 0, 0, 2))
    expect(run(documents, Date.UTC(2026, 1, 15)).plan!.nextChange).toBe(null)
  })

  test('an attribute that a reader lacks holds the topic instead of being nothing', () => {
    const dynamic = mask('ssn', 'ssn', [item('MASK_NULL')], {
      resources: { database: resource('hr'), table: resource('${{USER.table}}'), column: resource('ssn') },
    })
    const documents = [dynamic, clear('id', 'city', 'ssn')]
    const { rows } = run([...documents, views({ attributes: { table: 'staff' } }, { attributes: { table: 'x' } }, {})])
    expect(rows).toMatchObject({
      v0: { ssn: null },
      v1: { ssn: '123456789' },
      v2: { outcome: 'reject', code: 'POLICY_CONDITION' },
    })
  })
})

describe('row filters and expressions', () => {
  const filter = (filterExpr: string | null, more: Record<string, unknown> = {}) => ({
    service: 'cl1_hive',
    serviceType: 'hive',
    name: `filter ${filterExpr}`,
    policyType: 2,
    resources: { database: resource('hr'), table: resource('staff') },
    rowFilterPolicyItems: [
      {
        accesses: [{ type: 'select' }],
        groups: ['public'],
        ...(filterExpr === null ? {} : { rowFilterInfo: { filterExpr } }),
      },
    ],
    ...more,
  })
  const schema = {
    name: 'schema',
    tableSchema: {
      topic,
      columns: ['id', 'ssn', 'city'].map(name => ({
        name,
        type: name === 'id' ? 'int64' : 'string',
        optional: name !== 'id',
      })),
    },
  }
  const dropped = { outcome: 'drop', reason: 'filtered' }

  test('a filter is in the dialect of its service', () => {
    expect(rowOf([schema, filter('City = "Jaipur"')])).toMatchObject({ id: 7 })
    expect(rowOf([schema, filter('City = "Kota"')])).toMatchObject(dropped)
  })

  test('the higher priority decides; an empty filter is one, none is not', () => {
    const none = filter("city = 'Kota'")
    expect(rowOf([schema, none, filter('', { policyPriority: 1 })])).toMatchObject({ id: 7 })
    expect(rowOf([schema, none, filter(null, { policyPriority: 1 })])).toMatchObject(dropped)
    const ours = {
      name: 'ours',
      resources: { topic },
      maskingPolicy: { maskingConditions: [], rowFilter: { filterExpr: "city = 'Jaipur'" } },
    }
    expect(rowOf([schema, none, { ...ours, policyPriority: 1 }])).toMatchObject({ id: 7 })
  })

  test('of two services at one priority the one that hides rows decides', () => {
    const all = { ...filter(''), service: 'a', name: 'all' }
    const few = { ...filter("city = 'Kota'"), service: 'b', name: 'few' }
    expect(rowOf([schema, all, few])).toMatchObject(dropped)
    expect(rowOf([schema, { ...all, policyPriority: 1 }, few])).toMatchObject({ id: 7 })
  })

  test('what a reader brings is bound as a value, never pasted', () => {
    const rows = (city: string) =>
      run([schema, filter("city = '${{USER.city}}'"), views({ attributes: { city } })]).rows.v0
    expect(rows('Jaipur')).toMatchObject({ id: 7 })
    expect(rows("x' or '1'='1")).toMatchObject(dropped)
  })

  test('a reader without the attribute is a problem at load', () => {
    expect(errorsOf([schema, filter("city = '${{USER.city}}'"), views({})])).toContainEqual([
      'POLICY_CONDITION',
      'schema',
      'city',
    ])
  })

  test('CUSTOM is an expression of the service', () => {
    const custom = (valueExpr: string) => mask('custom', 'ssn', [item('CUSTOM', {}, { valueExpr })])
    const rest = clear('id', 'city')
    expect(rowOf([schema, rest, custom("concat('xxx-', substr({col}, 8, 2))")])).toMatchObject({ ssn: 'xxx-89' })
    const byUser = custom("case when '${{USER.dept}}' = 'hr' then {col} else null end")
    const { rows } = run([schema, rest, byUser, views({ attributes: { dept: 'hr' } }, { attributes: { dept: 'it' } })])
    expect(rows).toMatchObject({ v0: { ssn: '123456789' }, v1: { ssn: null } })
    const trino = {
      ...custom("case when source('ts_ms') = 5 then 'late' else 'early' end"),
      service: 't',
      serviceType: 'trino',
      resources: { catalog: resource('*'), schema: resource('hr'), table: resource('staff'), column: resource('s?n') },
    }
    const late = { ...record, value: { ...record.value, source: { ts_ms: 5 } } }
    const { plan } = compile([schema, trino], { now: 0 })
    const [outcome] = transform([late], plan!)
    const value = outcome?.outcome === 'publish' ? Buffer.from(outcome.record.value!, 'base64').toString() : outcome
    expect(value).toContain('"ssn":"late"')
    expect(errorsOf([schema, custom('(select 1)')])).toContainEqual([
      'POLICY_EXPRESSION',
      'cl1_hive:custom',
      'dataMaskPolicyItems[0].dataMaskInfo.valueExpr',
    ])
  })

  test('a mask type of a service definition may be an expression too', () => {
    const serviceDef = {
      name: 'hive',
      resources: ['database', 'table', 'column'].map((name, n, all) => ({
        name,
        level: n,
        parent: all[n - 1] ?? '',
        matcher: 'RangerDefaultResourceMatcher',
      })),
      accessTypes: [{ name: 'select' }],
      dataMaskDef: {
        accessTypes: [{ name: 'select' }],
        resources: ['database', 'table', 'column'].map(name => ({ name })),
        maskTypes: [{ name: 'LAST_2', transformer: 'mask_show_last_n({col}, 2)' }, { name: 'MASK_NONE' }],
      },
    }
    const documents = [schema, serviceDef, clear('id', 'city'), mask('two', 'ssn', [item('LAST_2')])]
    expect(errorsOf(documents)).toEqual([])
    expect(rowOf(documents)).toMatchObject({
      ssn: 'nnnnnnn89',
    })
  })
})

describe('names of fields', () => {
  const nested = (field: string | string[], items: object[], more: Record<string, unknown> = {}) => ({
    service: 'n',
    serviceType: 'nestedstructure',
    name: `field ${field}`,
    policyType: 1,
    resources: { schema: resource(topic), field: resource(...[field].flat()) },
    dataMaskPolicyItems: items.map(one => ({ ...one, accesses: [{ type: 'read' }] })),
    ...more,
  })
  const withAddress = (documents: object[]) => {
    const { plan, problems } = compile(documents, { now: 0 })
    const after = { id: 7, ssn: '1', city: 'J', address: { city: 'Jaipur', lines: [{ text: 'a' }, { text: 'b' }] } }
    const outcome = plan === null ? null : transform([{ ...record, value: { ...record.value, after } }], plan)[0]
    if (outcome?.outcome !== 'publish') return { outcome, problems }
    return (JSON.parse(Buffer.from(outcome.record.value!, 'base64').toString()) as { after: object }).after
  }
  const rest = nested(['id', 'ssn', 'city', 'address'], [item('MASK_NONE')])

  test('a path is a part of its column, in every spelling', () => {
    const hidden = { id: 7, ssn: '1', city: 'J', address: { city: null, lines: [{ text: 'a' }, { text: 'b' }] } }
    for (const field of ['address.city', 'after.address.city', '$.address.city', "$.after['address']['city']"])
      expect(withAddress([rest, nested(field, [item('MASK_NULL')])])).toEqual(hidden)
    const lines = nested('address.lines.*.text', [item('CUSTOM', {}, { valueExpr: '-' })])
    expect(withAddress([rest, lines])).toMatchObject({ address: { lines: [{ text: '-' }, { text: '-' }] } })
  })

  test('an image in front changes nothing', () => {
    expect(withAddress([rest, nested('after.ssn', [item('MASK_NULL')])])).toMatchObject({ ssn: null })
    expect(withAddress([rest, nested('before.ssn', [item('MASK_NULL')])])).toMatchObject({ ssn: null })
  })

  test('a part does not make its column known', () => {
    const others = nested(['id', 'ssn', 'city'], [item('MASK_NONE')])
    expect(withAddress([others, nested('address.city', [item('MASK_NULL')])])).toMatchObject({
      outcome: { code: 'RECORD_UNKNOWN_COLUMN' },
    })
  })

  test.each([['address.'], ['$.address['], ['pii_*.city'], ['a[b']])(
    'what cannot be followed is refused: %s',
    field => {
      expect(withAddress([rest, nested(field, [item('MASK_NULL')])])).toMatchObject({
        problems: expect.arrayContaining([expect.objectContaining({ code: 'POLICY_SELECTOR' })]),
      })
    },
  )
})

describe('access policies', () => {
  const masks = [mask('ssn', 'ssn', [item('MASK_NULL')]), clear('id', 'city')]
  const access = (groups: string[], column: string, more: Record<string, unknown> = {}) => ({
    service: 'cl1_hive',
    serviceType: 'hive',
    name: `access ${groups} ${column}`,
    policyType: 0,
    resources: { database: resource('hr'), table: resource('*'), column: resource(column) },
    policyItems: [{ accesses: [{ type: 'select' }], groups }],
    ...more,
  })

  test('decide who may read a view at all', () => {
    const { rows, plan } = run([...masks, access(['staff'], '*'), views({}, { groups: ['staff'] })])
    expect(Object.keys(rows)).toEqual(['v1'])
    expect(plan?.names(topic)).toBe(true)
    expect(run([...masks, access(['staff'], '*')]).plan?.names(topic)).toBe(false)
  })

  test('a column that may not be read leaves the view; one that may is not cleared by it', () => {
    expect(rowOf([...masks, access(['public'], 'id'), access(['public'], 'ssn')])).toEqual({ id: 7, ssn: null })
    expect(rowOf([mask('ssn', 'ssn', [item('MASK_NULL')]), access(['public'], '*')])).toMatchObject({
      code: 'RECORD_UNKNOWN_COLUMN',
    })
  })

  test('those of other tables do not count', () => {
    const other = access(['staff'], '*', { resources: { database: resource('fin'), table: resource('*') } })
    expect(rowOf([...masks, other])).toMatchObject({ ssn: null })
  })
})

describe('policies on tags', () => {
  const tagPolicy = (more: object) => ({
    service: 'tags',
    serviceType: 'tag',
    name: 'pii',
    resources: { tag: resource('PII') },
    ...more,
  })
  const hide = tagPolicy({
    policyType: 1,
    dataMaskPolicyItems: [{ ...item('hive:MASK_NULL'), accesses: [{ type: 'hive:select' }] }],
  })
  const deny = tagPolicy({
    policyType: 0,
    denyPolicyItems: [{ accesses: [{ type: 'hive:select' }], groups: ['public'] }],
  })
  const tagsOn = (resourceElements: object) => ({
    serviceName: 'cl1_hive',
    tags: { 1: { type: 'PII' } },
    serviceResources: [{ id: 1, resourceElements }],
    resourceToTagIds: { 1: [1] },
  })
  const table = { database: resource('hr'), table: resource('staff') }
  const tags = tagsOn({ ...table, column: resource('ssn') })
  const ours = {
    name: 'ours',
    resources: { topic },
    maskingPolicy: { maskingConditions: ['id', 'ssn', 'city'].map(field => ({ field, maskType: 'none' })) },
  }
  const elsewhere = mask('x', 'x', [item('MASK_NULL')], {
    resources: { ...table, table: resource('x'), column: resource('x') },
  })

  test('hide where no other policy of the service names the topic', () => {
    expect(rowOf([hide, tags, elsewhere, ours])).toEqual({ id: 7, ssn: null, city: 'Jaipur' })
  })

  test('may deny a column or the table, though no access policy names them', () => {
    expect(rowOf([deny, tags, clear('id', 'ssn', 'city')])).toEqual({ id: 7, city: 'Jaipur' })
    expect(rowOf([deny, tags, elsewhere, ours])).toEqual({ id: 7, city: 'Jaipur' })
    expect(run([deny, tagsOn(table), clear('id', 'ssn', 'city')]).plan?.names(topic)).toBe(false)
    expect(rowOf([deny, tagsOn({ ...table, table: resource('x') }), ours, elsewhere])).toMatchObject({
      ssn: '123456789',
    })
  })

  test('count while the tag is valid', () => {
    const validityPeriods = [{ startTime: '2026/01/01 00:00:00', endTime: '2026/12/31 00:00:00', timeZone: 'UTC' }]
    const dated = { ...tags, tags: { 1: { type: 'PII', validityPeriods } } }
    const at = (day: string) => rowOf([hide, dated, elsewhere, ours], Date.parse(day))
    expect(at('2026-06-01')).toMatchObject({ ssn: null })
    expect(at('2027-06-01')).toMatchObject({ ssn: '123456789' })
    expect(at('2025-06-01')).toMatchObject({ ssn: '123456789' })
  })

  test('warn where the tags are not there', () => {
    const codes = (documents: object[]) => run(documents).problems.map(({ code, severity }) => [code, severity])
    expect(codes([hide, elsewhere, ours])).toContainEqual(['POLICY_TAGS_MISSING', 'warning'])
    expect(codes([deny, elsewhere, ours])).toContainEqual(['POLICY_TAGS_MISSING', 'warning'])
    for (const documents of [
      [hide, tags, elsewhere, ours],
      [{ ...hide, isEnabled: false }, elsewhere, ours],
      [tagPolicy({ policyType: 0, policyItems: [item('', { dataMaskInfo: undefined })] }), elsewhere, ours],
    ])
      expect(codes(documents)).not.toContainEqual(['POLICY_TAGS_MISSING', 'warning'])
  })

  test('need a policy that says what the service is', () => {
    expect(errorsOf([hide, tags, ours])).toEqual([['POLICY_RESOURCE', 'tags:cl1_hive', 'serviceName']])
  })
})

describe('a download', () => {
  test('brings its service definition, tags and zones with it', () => {
    const download = {
      serviceName: 'cl1_hive',
      policyVersion: 7,
      policies: [clear('id', 'city', 'ssn')],
      tagPolicies: {
        serviceName: 'tags',
        policies: [
          {
            service: 'tags',
            name: 'pii',
            policyType: 1,
            resources: { tag: resource('PII') },
            dataMaskPolicyItems: [
              { ...item('trino:MASK_NONE'), accesses: [{ type: 'trino:select' }] },
              { ...item('hive:MASK_NULL'), accesses: [{ type: 'hive:select' }] },
            ],
          },
        ],
      },
    }
    const tags = {
      serviceName: 'cl1_hive',
      tagVersion: 1,
      tags: { 1: { type: 'PII' } },
      serviceResources: [
        { id: 1, resourceElements: { database: resource('hr'), table: resource('staff'), column: resource('ssn') } },
      ],
      resourceToTagIds: { 1: [1] },
    }
    expect(rowOf([download])).toMatchObject({ ssn: '123456789' })
    expect(rowOf([download, tags])).toEqual({ id: 7, ssn: null, city: 'Jaipur' })
  })
})

describe('refused at load', () => {
  test.each<[why: string, document: object, code: string, path: string]>([
    [
      'a mask that the service does not have',
      mask('a', 'ssn', [item('SHUFFLE')]),
      'POLICY_UNKNOWN_MASK',
      'dataMaskPolicyItems[0].dataMaskInfo',
    ],
    [
      'resources with a gap',
      mask('a', 'x', [], { resources: { database: resource('hr'), column: resource('ssn') } }),
      'POLICY_RESOURCE',
      'resources',
    ],
    [
      'a resource that is none',
      mask('a', 'x', [], { resources: { topic: resource('hr') } }),
      'POLICY_RESOURCE',
      'resources.topic',
    ],
    [
      'expressions without an end, each looked for in all that follows',
      mask('a', '${{'.repeat(300_000), [item('MASK')]),
      'POLICY_SHAPE',
      'resources.column.values[0]',
    ],
    [
      'a condition that nobody knows',
      mask('a', 'ssn', [item('MASK')], { conditions: [{ type: 'moon', values: ['full'] }] }),
      'POLICY_CONDITION',
      'conditions[0]',
    ],
    [
      'a service type that nobody knows',
      mask('a', 'ssn', [item('MASK')], { serviceType: 'cobol' }),
      'POLICY_RESOURCE',
      'serviceType',
    ],
  ])('%s', (_why, document, code, path) => {
    const found = errorsOf([document])
    expect(found.map(([one]) => one)).toContain(code)
    expect(found.find(([one]) => one === code)?.[2]).toBe(path)
  })
})
