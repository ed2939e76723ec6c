import { beforeEach, describe, expect, test } from 'vitest'
import { compile, transform } from '../../src/engine.ts'
import type { Plan } from '../../src/pipeline/plan.ts'
import type { PublishedKey } from '../../src/services/ports/policies.ts'
import { createPublishedKeys, type PublishedKeys } from '../../src/services/published-keys.ts'
import { scrubSchema } from '../../src/policy/scrub-schema.ts'
import { createMemorySchemaStore } from '../support/memory-schema-store.ts'
import { createMemoryPublishedKeyStore } from '../support/memory-published-key-store.ts'
import { aKey, aString, schemaRecord, schemalessRecord } from '../support/schema-records.ts'

const topic = 'raw.people'
const record = (name = topic) => schemaRecord(name, [aKey(), aString('email')], { id: 1, email: 'x' })
const key = (byte: number): Buffer => Buffer.alloc(32, byte)
const none = { maskType: 'none' }
const hash = { maskType: 'hash' }
const anna = { author: 'anna', reason: 'emptied' }

interface Set {
  readonly id?: object
  /** More conditions by column. */
  readonly more?: Readonly<Record<string, object>>
  readonly keys?: Readonly<Record<string, Uint8Array>>
  readonly outputTopic?: string
  readonly name?: string
  /** New names by old ones. */
  readonly rename?: Readonly<Record<string, string>>
}

function planOf({ id, more = {}, keys = {}, outputTopic = '${topic}.masked', name = topic, rename }: Set): Plan {
  const masks = { email: { maskType: 'full' }, ...more, ...(id === undefined ? {} : { id }) }
  const maskingConditions = Object.entries(masks).map(([field, mask]) => ({ field, ...mask }))
  const { plan, problems } = compile(
    [{ name: 'p', resources: { topic: name }, maskingPolicy: { maskingConditions, projection: rename && { rename } } }],
    {
      keys: { default: key(7), other: key(9), ...keys },
      settings: { outputTopic },
    },
  )
  expect(problems).toEqual([])
  return plan as Plan
}

describe('published keys', () => {
  let store: ReturnType<typeof createMemoryPublishedKeyStore>
  let keys: PublishedKeys
  beforeEach(() => {
    store = createMemoryPublishedKeyStore()
    keys = createPublishedKeys({ store })
  })

  const published = (set: Set, outcome = 'publish'): Plan => {
    const plan = planOf(set)
    expect(transform([record()], plan)).toMatchObject([{ outcome }])
    return plan
  }
  const stored = async (set: Set): Promise<readonly PublishedKey[]> => {
    await keys.remember(published(set))
    return store.all()
  }
  const keyOf = (plan: Plan): string => {
    const [line] = transform([record()], plan)
    return line?.outcome === 'publish' ? (line.record.key ?? '') : ''
  }

  const cases: [name: string, before: Set, after: Set, detail: string | null][] = [
    ['the same', { id: hash }, { id: hash }, null],
    ['the same with its defaults spelt out', { id: hash }, { id: { ...hash, length: 64, keyId: 'default' } }, null],
    ['the same key under another id', { id: hash }, { id: { ...hash, keyId: 'new' }, keys: { new: key(7) } }, null],
    ['the same by a wildcard', { id: hash }, { more: { 'after.*': hash } }, null],
    ['the same with another mask on a column beside it', { id: hash }, { id: hash, more: { email: none } }, null],
    ['a mask that is not allowed on keys, which holds', { id: hash }, { id: { maskType: 'full', maskValue: 5 } }, null],
    ['no rule, which holds', { id: hash }, {}, null],
    ['another masked topic', { id: hash }, { id: none, outputTopic: 'new.${topic}' }, null],
    ['a set that does not name the topic', { id: hash }, { id: none, name: 'raw.others' }, null],
    ['another key id', { id: hash }, { id: { ...hash, keyId: 'other' } }, 'key id other'],
    ['other bytes under the same id', { id: hash }, { id: hash, keys: { default: key(8) } }, 'is another now'],
    ['another length', { id: hash }, { id: { ...hash, length: 32 } }, '"length":32'],
    ['a mask where there was none', { id: none }, { id: hash }, 'this would make it hash'],
    ['no mask where there was one', { id: hash }, { id: none }, 'this would make it none'],
    [
      'the same under the same new name',
      { id: hash, rename: { id: 'a as b' } },
      { id: hash, rename: { id: 'a as b' } },
      null,
    ],
    ['another column under a new name', { id: none }, { id: none, rename: { email: 'mail' } }, null],
    ['a new name', { id: none }, { id: none, rename: { id: 'person' } }, 'this would make it none as person'],
    ['another new name', { id: hash, rename: { id: 'a' } }, { id: hash, rename: { id: 'b' } }, 'as b'],
    ['its own name again', { id: hash, rename: { id: 'a' } }, { id: hash }, 'has it as hash {"length":64} as a'],
    ['another mask by a wildcard', { id: none }, { more: { 'after.*': hash } }, 'this would make it hash'],
  ]
  test.each(cases)('%s', async (_name, before, after, detail) => {
    const plan = published(before)
    const candidate = planOf(after)
    const problems = await keys.check(candidate, plan)
    const refused = [
      { code: 'POLICY_KEY_CHANGED', severity: 'error', where: { topic, view: 'public', path: 'key.id' } },
    ]
    expect(problems).toMatchObject(detail === null ? [] : refused)
    expect(problems.map(problem => problem.detail).join()).toContain(detail ?? '')
    // What is taken makes the same keys, or none in this topic; after a restart it is judged as before.
    const outputs = new Set([keyOf(plan), keyOf(candidate)].filter(text => text !== ''))
    if (detail !== null) expect(outputs.size).toBe(2)
    else if (after.outputTopic === undefined && after.name === undefined) expect(outputs.size).toBe(1)
    expect(await createPublishedKeys({ store }).check(planOf(after), null)).toEqual(problems)
  })

  test('what is stored tells nothing of the key', async () => {
    await keys.remember(published({ id: hash }))
    const [stored] = await store.all()
    expect(stored).toEqual({
      topic,
      maskedTopic: `${topic}.masked`,
      column: 'id',
      mask: 'hash {"length":64}',
      keyId: 'default',
      keyCheck: expect.stringMatching(/^[0-9a-f]{16}$/),
    })
    expect(JSON.stringify(stored)).not.toContain(key(7).toString('hex').slice(0, 8))
  })

  test.each([
    ['hash', hash, null],
    ['hash', { ...hash, length: 32 }, 'has it as hash {"length":64}'],
    ['hash {"length":32}', { ...hash, length: 32 }, null],
    ['hash {"length":64,"gone":1}', hash, '"gone":1'],
    ['gone {"a":"b c"}', hash, 'has it as gone {"a":"b c"}'],
  ])('a parameter that an older release did not have was at its default: %s', async (mask, id, detail) => {
    const [now] = await stored({ id: hash })
    await keys.forget(`${topic}.masked`, anna)
    await store.remember([{ ...(now as PublishedKey), mask }])
    const problems = await keys.check(planOf({ id }), null)
    expect(problems).toHaveLength(detail === null ? 0 : 1)
    expect(problems[0]?.detail ?? '').toContain(detail ?? '')
  })

  test('a topic that was held from its first record on may still get another key', async () => {
    const held = planOf({ id: none, more: { email: { maskType: 'full', maskValue: 5 } } })
    expect(transform([record()], held)).toMatchObject([{ outcome: 'reject' }])
    expect(await keys.check(planOf({ id: hash }), held)).toEqual([])
    expect(await store.all()).toEqual([])
  })

  test('a key that has its schema block is kept where values have none', async () => {
    const plan = planOf({ id: none })
    const { value = null } = schemalessRecord(topic, { id: 1, email: 'x' })
    expect(transform([{ ...record(), value }], plan)).toMatchObject([{ outcome: 'publish' }])
    expect(await keys.check(planOf({ id: hash }), plan)).toHaveLength(1)
  })

  test('after a topic was forgotten the next form is kept, and not the old one once more', async () => {
    const plan = published({ id: hash })
    await keys.remember(plan)
    expect(await keys.forget(`${topic}.masked`, anna)).toEqual(['id'])
    const candidate = published({ id: { ...hash, keyId: 'other' } })
    expect(await keys.check(candidate, plan)).toEqual([])
    await keys.remember(candidate)
    expect(await keys.check(planOf({ id: hash }), candidate)).toHaveLength(1)
    await expect(keys.forget('raw.none.masked', anna)).rejects.toMatchObject({ code: 'REQUEST_NOT_FOUND' })
  })

  test('between the call and the change neither another change nor another instance learns the old form again', async () => {
    await keys.remember(published({ id: none }))
    await keys.forget(`${topic}.masked`, anna)
    const unrelated = published({ id: none, more: { email: { maskType: 'null' } } })
    expect(await keys.check(planOf({ id: hash }), unrelated)).toEqual([])
    const other = createPublishedKeys({ store })
    await other.remember(published({ id: none }))
    expect(await keys.check(planOf({ id: hash }), unrelated)).toEqual([])
    const changed = published({ id: hash })
    expect(await keys.check(planOf({ id: none }), changed)).toHaveLength(1)
  })

  describe('of before anything was stored', () => {
    const seen = createMemorySchemaStore()
    const masked = `${topic}.masked`
    beforeEach(async () => {
      seen.stored.length = 0
      keys = createPublishedKeys({ store, seen })
      for (const { topic: name, views } of published({ id: none }).made())
        for (const { bytes } of views.flatMap(({ keySchemas }) => keySchemas.all()))
          await seen.remember(name, 'key', scrubSchema(bytes))
    })

    test('the stored plan and the key last seen tell how it went out', async () => {
      await seen.remember('raw.odd', 'key', Buffer.from('{"type":"odd"'))
      await seen.remember('raw.others', 'key', seen.stored[0]?.bytes ?? Buffer.alloc(0))
      await seen.remember(topic, 'value', Buffer.from('none'))
      await keys.assume(planOf({ id: hash }))
      expect(await store.all()).toMatchObject([{ maskedTopic: masked, column: 'id', mask: 'hash {"length":64}' }])
      expect(await keys.check(planOf({ id: none }), null)).toHaveLength(1)
      expect(await keys.check(planOf({ id: hash }), null)).toEqual([])
    })

    test('a key that the plan holds is left open', async () => {
      for (const set of [{}, { id: { maskType: 'full', maskValue: 5 } }]) await keys.assume(planOf(set))
      expect(await store.all()).toEqual([])
    })

    test('what was stored goes before, also where it was forgotten', async () => {
      await keys.remember(published({ id: none }))
      await keys.assume(planOf({ id: hash }))
      await keys.assume(planOf({ id: hash, outputTopic: 'new.${topic}' }))
      expect(await store.all()).toMatchObject([{ mask: 'none', maskedTopic: masked }])
      await keys.forget(masked, anna)
      await keys.assume(planOf({ id: hash }))
      expect(await store.all()).toEqual([])
    })
  })

  test('a name that no database has is passed over', async () => {
    const odd = ['a\u0000b', '\ud800', 'x'.repeat(501)]
    const after = Object.fromEntries(odd.map(name => [name, 'x']))
    const fields = odd.map(name => aString(name))
    const plan = planOf({ more: { 'after.*': hash } })
    const line = schemaRecord(topic, fields, after, fields)
    expect(transform([line], plan)).toMatchObject([{ outcome: 'publish' }])
    await keys.remember(plan)
    expect(await store.all()).toEqual([])
  })

  test('a store that is away refuses nothing by itself: it is said that it is away', async () => {
    store.isAway = true
    await expect(keys.check(planOf({ id: hash }), null)).rejects.toMatchObject({ code: 'POSTGRES_UNAVAILABLE' })
  })
})
