import { expect, test } from 'vitest'
import { createDeadLetterIndex } from '../../../src/adapters/postgres/dead-letter-index.ts'
import type { NewDeadLetter } from '../../../src/services/ports/dead-letters.ts'
import { describeWithPostgres } from '../../support/stack/require-stack.ts'
import { migratedDatabase } from './migrated-database.ts'

const at = new Date('2026-11-05T06:07:08.900Z')
const later = (ms: number) => new Date(at.getTime() + ms)
const aLetter = (change: Partial<NewDeadLetter> = {}): NewDeadLetter => ({
  topic: 'dead.t',
  partition: 1,
  offset: '9007199254740993',
  timestamp: at,
  views: ['default'],
  code: 'RECORD_TOO_DEEP',
  path: 'after.address',
  policyVersion: 3,
  keyId: 'k',
  bucket: '2026-11',
  nextAttemptAt: null,
  letterPartition: 0,
  letterOffset: '42',
  ...change,
})

describeWithPostgres('the dead-letter index', postgres => {
  const database = migratedDatabase(postgres)
  const index = createDeadLetterIndex({ database: database.open() })
  const listed = (topic: string) => index.list({ topic, limit: 100 })

  test('a letter comes back as it was added', async () => {
    await index.add([aLetter({ topic: 'back.t' })])
    const [entry] = await listed('back.t')
    expect(entry).toEqual({
      ...aLetter({ topic: 'back.t' }),
      id: expect.stringMatching(/^\d+$/),
      state: 'open',
      attempts: 0,
      at: expect.any(Date),
    })
    expect(await index.get(entry?.id ?? '')).toEqual(entry)
  })

  test('a withheld one too', async () => {
    const letter = aLetter({
      topic: 'withheld.t',
      keyId: null,
      bucket: null,
      letterPartition: null,
      letterOffset: null,
    })
    await index.add([letter])
    expect(await listed('withheld.t')).toMatchObject([letter])
  })

  test('it is listed once for its place and its views, in whatever order they come', async () => {
    const letter = aLetter({ topic: 'once.t', views: ['b', 'a'] })
    await index.add([letter, { ...letter, views: ['a', 'b'] }])
    await index.add([{ ...letter, code: 'RECORD_MALFORMED' }])
    await index.add([{ ...letter, views: ['a'] }])
    expect(await listed('once.t')).toMatchObject([{ views: ['a', 'b'], code: 'RECORD_TOO_DEEP' }, { views: ['a'] }])
  })

  test('one that was replayed and failed again opens anew', async () => {
    await index.add([aLetter({ topic: 'anew.t' })])
    const [{ id } = { id: '' }] = await listed('anew.t')
    await index.update(id, { state: 'replayed', attempts: 4, nextAttemptAt: null })
    await index.add([aLetter({ topic: 'anew.t', code: 'RECORD_MALFORMED', letterOffset: '77' })])
    expect(await listed('anew.t')).toMatchObject([
      { id, state: 'open', attempts: 0, code: 'RECORD_MALFORMED', letterOffset: '77' },
    ])
  })

  test('one that another instance has replayed meanwhile stays replayed', async () => {
    await index.add([aLetter({ topic: 'meanwhile.t' })])
    const [{ id } = { id: '' }] = await listed('meanwhile.t')
    await index.update(id, { state: 'replayed', attempts: 1, nextAttemptAt: null })
    await index.update(id, { state: 'retrying', attempts: 2, nextAttemptAt: at })
    expect(await listed('meanwhile.t')).toMatchObject([{ state: 'replayed', attempts: 1, nextAttemptAt: null }])
    await index.add([aLetter({ topic: 'meanwhile.t' })])
    expect(await listed('meanwhile.t')).toMatchObject([{ state: 'open', attempts: 0 }])
  })

  test('one in review stays in review', async () => {
    await index.add([aLetter({ topic: 'review.t' })])
    const [{ id } = { id: '' }] = await listed('review.t')
    await index.update(id, { state: 'review', attempts: 6, nextAttemptAt: null })
    await index.add([aLetter({ topic: 'review.t' })])
    expect(await listed('review.t')).toMatchObject([{ state: 'review', attempts: 6 }])
  })

  test('those that are due come in the order of their time', async () => {
    const minutes = [5, -1, -3, 0, -2]
    await index.add(
      minutes.map(n => aLetter({ topic: 'due.t', offset: String(n + 10), nextAttemptAt: later(n * 60_000) })),
    )
    // Claimed for no time at all they are due again at once.
    const claim = async (limit = 10) => {
      const entries = await index.claim(at, at, limit)
      for (const { id, state, attempts, offset } of entries)
        await index.update(id, { state, attempts, nextAttemptAt: later((Number(offset) - 10) * 60_000) })
      return entries
    }
    const due = async (limit?: number) => (await claim(limit)).map(({ offset }) => Number(offset) - 10)
    expect(await due()).toEqual([-3, -2, -1, 0])
    expect(await due(2)).toEqual([-3, -2])
    expect(await listed('due.t')).toMatchObject(minutes.map(() => ({ state: 'retrying' })))
    const [first] = await claim(1)
    await index.update(first?.id ?? '', { state: 'retrying', attempts: 1, nextAttemptAt: later(1) })
    expect(await due()).toEqual([-2, -1, 0])
    const [second] = await claim(1)
    await index.update(second?.id ?? '', { state: 'review', attempts: 6, nextAttemptAt: at })
    expect(await due()).toEqual([-1, 0])
    for (const { id } of await listed('due.t'))
      await index.update(id, { state: 'review', attempts: 6, nextAttemptAt: null })
  })

  test('what one instance has claimed no other gets before the claim ends', async () => {
    await index.add(
      Array.from({ length: 60 }, (_, n) => aLetter({ topic: 'claim.t', offset: String(n), nextAttemptAt: later(-n) })),
    )
    const claimed = await Promise.all(
      Array.from({ length: 6 }, () => createDeadLetterIndex({ database: database.open() }).claim(at, later(5_000), 8)),
    )
    const ids = claimed.flat().map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    const others = await index.claim(at, later(5_000), 100)
    expect(ids.length + others.length).toBe(60)
    expect(others.every(({ nextAttemptAt }) => nextAttemptAt?.getTime() === later(5_000).getTime())).toBe(true)
    expect(await index.claim(later(4_999), later(9_999), 100)).toEqual([])
    expect(await index.claim(later(5_000), later(9_999), 100)).toHaveLength(60)
  })

  test('one that another instance is just claiming is not waited for', async () => {
    await index.add([1, 2].map(n => aLetter({ topic: 'locked.t', offset: String(n), nextAttemptAt: later(n - 3) })))
    const [locked] = await listed('locked.t')
    await database.open().transaction(async query => {
      await query({ text: 'select from scrim_dead_letter where id = $1 for update' }, [locked?.id])
      expect(await index.claim(at, later(5_000), 10)).toMatchObject([{ topic: 'locked.t', offset: '2' }])
    })
    expect(await index.claim(at, later(5_000), 10)).toMatchObject([{ topic: 'locked.t', offset: '1' }])
  })

  test('pages follow each other without gap or repetition', async () => {
    await index.add(Array.from({ length: 2_500 }, (_, n) => aLetter({ topic: 'pages.t', offset: String(n) })))
    const offsets: string[] = []
    for (let after: string | undefined; ; ) {
      const page = await index.list({
        topic: 'pages.t',
        state: 'open',
        limit: 700,
        ...(after === undefined ? {} : { after }),
      })
      offsets.push(...page.map(({ offset }) => offset))
      after = page.at(-1)?.id
      if (page.length < 700) break
    }
    expect(new Set(offsets).size).toBe(2_500)
    expect(offsets).toHaveLength(2_500)
  })

  test('all states are counted, those without letters as 0', async () => {
    const fresh = await index.counts()
    expect(Object.keys(fresh).sort()).toEqual(['open', 'replayed', 'retrying', 'review'])
    expect(fresh.open).toBeGreaterThan(2_500)
    expect(fresh.replayed).toBe(0)
  })

  test.each(['', 'x', '-1', '1; drop table scrim_dead_letter', '9'.repeat(30), '999999'])(
    'no letter has the id %j',
    async id => {
      expect(await index.get(id)).toBeNull()
      const update = index.update(id, { state: 'review', attempts: 1, nextAttemptAt: null })
      await expect(update).rejects.toMatchObject({ code: 'REQUEST_NOT_FOUND' })
    },
  )

  test('a page after something that is no id is the fault of the caller', async () => {
    await expect(async () => index.list({ limit: 1, after: 'x' })).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
  })

  test.each([-1, 8.64e15, -8.64e15, Number.NaN])('a record that claims the time %d is listed', async ms => {
    const topic = `time.${ms}`
    await index.add([aLetter({ topic, timestamp: new Date(ms) })])
    expect(await listed(topic)).toHaveLength(1)
  })
})
