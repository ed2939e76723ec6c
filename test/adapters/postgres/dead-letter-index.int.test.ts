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
  recordId: null,
  parkedBy: null,
  keyId: 'k',
  bucket: '2026-11',
  nextAttemptAt: null,
  letterPartition: 0,
  letterOffset: '42',
  letterBytes: 900,
  ...change,
})

const partitionsOf = (topic: string) => [{ topic, partition: 1 }]

describeWithPostgres('the dead-letter index', postgres => {
  const database = migratedDatabase(postgres)
  const index = createDeadLetterIndex({ database: database.open() })
  /** As whoever has just taken the partition over. */
  const add = async (letters: readonly NewDeadLetter[]): Promise<boolean> => {
    const { topic = '', partition = 0 } = letters[0] ?? {}
    const { claim } = await index.takeOver({ topic, partition })
    return index.add(letters, claim)
  }
  const listed = (topic: string) => index.list({ topic, limit: 100 })

  test('a letter comes back as it was added', async () => {
    const { parkedBy: _, ...letter } = aLetter({ topic: 'back.t', recordId: '018f4c1e-0000-8000-8000-000000000001' })
    await add([{ ...letter, parkedBy: null }])
    const [entry] = await listed('back.t')
    expect(entry).toEqual({
      ...letter,
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
    await add([letter])
    const { parkedBy: _, ...told } = letter
    expect(await listed('withheld.t')).toMatchObject([told])
  })

  test('it is listed once for its place and its views, in whatever order they come', async () => {
    const letter = aLetter({ topic: 'once.t', views: ['b', 'a'] })
    await add([letter, { ...letter, views: ['a', 'b'] }])
    await add([{ ...letter, code: 'RECORD_MALFORMED' }])
    await add([{ ...letter, views: ['a'] }])
    expect(await listed('once.t')).toMatchObject([{ views: ['a', 'b'], code: 'RECORD_TOO_DEEP' }, { views: ['a'] }])
  })

  test('one that was replayed and failed again opens anew', async () => {
    await add([aLetter({ topic: 'anew.t' })])
    const [{ id } = { id: '' }] = await listed('anew.t')
    await index.update(id, { state: 'replayed', attempts: 4, nextAttemptAt: null })
    await add([aLetter({ topic: 'anew.t', code: 'RECORD_MALFORMED', letterOffset: '77' })])
    expect(await listed('anew.t')).toMatchObject([
      { id, state: 'open', attempts: 0, code: 'RECORD_MALFORMED', letterOffset: '77' },
    ])
  })

  test('one that another instance has replayed meanwhile stays replayed', async () => {
    await add([aLetter({ topic: 'meanwhile.t' })])
    const [{ id } = { id: '' }] = await listed('meanwhile.t')
    await index.update(id, { state: 'replayed', attempts: 1, nextAttemptAt: null })
    await index.update(id, { state: 'retrying', attempts: 2, nextAttemptAt: at })
    expect(await listed('meanwhile.t')).toMatchObject([{ state: 'replayed', attempts: 1, nextAttemptAt: null }])
    await add([aLetter({ topic: 'meanwhile.t' })])
    expect(await listed('meanwhile.t')).toMatchObject([{ state: 'open', attempts: 0 }])
  })

  test('one in review stays in review', async () => {
    await add([aLetter({ topic: 'review.t' })])
    const [{ id } = { id: '' }] = await listed('review.t')
    await index.update(id, { state: 'review', attempts: 6, nextAttemptAt: null })
    await add([aLetter({ topic: 'review.t' })])
    expect(await listed('review.t')).toMatchObject([{ state: 'review', attempts: 6 }])
  })

  test('those that are due come in the order of their time', async () => {
    const minutes = [5, -1, -3, 0, -2]
    await add(minutes.map(n => aLetter({ topic: 'due.t', offset: String(n + 10), nextAttemptAt: later(n * 60_000) })))
    // Claimed for no time at all they are due again at once.
    const claim = async (limit = 10) => {
      const entries = await index.claim(at, at, limit, partitionsOf('due.t'))
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
    await add(
      Array.from({ length: 60 }, (_, n) => aLetter({ topic: 'claim.t', offset: String(n), nextAttemptAt: later(-n) })),
    )
    const claimed = await Promise.all(
      Array.from({ length: 6 }, () =>
        createDeadLetterIndex({ database: database.open() }).claim(at, later(5_000), 8, partitionsOf('claim.t')),
      ),
    )
    const ids = claimed.flat().map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    const others = await index.claim(at, later(5_000), 100, partitionsOf('claim.t'))
    expect(ids.length + others.length).toBe(60)
    expect(others.every(({ nextAttemptAt }) => nextAttemptAt?.getTime() === later(5_000).getTime())).toBe(true)
    expect(await index.claim(later(4_999), later(9_999), 100, partitionsOf('claim.t'))).toEqual([])
    expect(await index.claim(later(5_000), later(9_999), 100, partitionsOf('claim.t'))).toHaveLength(60)
  })

  test('only of partitions that are ours', async () => {
    await add([1, 2].map(n => aLetter({ topic: 'ours.t', partition: n, nextAttemptAt: later(-1) })))
    const claim = (partition: number, topic = 'ours.t') => index.claim(at, at, 10, [{ topic, partition }])
    expect(await claim(2)).toMatchObject([{ topic: 'ours.t', partition: 2 }])
    expect(await claim(3)).toEqual([])
    expect(await claim(1, 'theirs.t')).toEqual([])
    expect(await index.claim(at, at, 10, [])).toEqual([])
  })

  test('one that another instance is just claiming is not waited for', async () => {
    await add([1, 2].map(n => aLetter({ topic: 'locked.t', offset: String(n), nextAttemptAt: later(n - 3) })))
    const [locked] = await listed('locked.t')
    await database.open().transaction(async query => {
      await query({ text: 'select from scrim_dead_letter where id = $1 for update' }, [locked?.id])
      expect(await index.claim(at, later(5_000), 10, partitionsOf('locked.t'))).toMatchObject([
        { topic: 'locked.t', offset: '2' },
      ])
    })
    expect(await index.claim(at, later(5_000), 10, partitionsOf('locked.t'))).toMatchObject([
      { topic: 'locked.t', offset: '1' },
    ])
  })

  test('what is parked comes in the order of its offsets, all of one record together', async () => {
    const id = (n: number) => `018f4c1e-0000-8000-8000-00000000000${n}`
    const parked = (offset: number, recordId: string | null, change: Partial<NewDeadLetter> = {}) =>
      aLetter({
        topic: 'parked.t',
        offset: String(offset),
        recordId,
        parkedBy: 's',
        code: 'RECORD_QUARANTINED',
        ...change,
      })
    await add([
      parked(10, id(1)),
      parked(9, id(1)),
      parked(9, id(1), { views: ['other'] }),
      parked(100, id(2)),
      parked(11, null),
      parked(1, id(1), { partition: 2 }),
      aLetter({ topic: 'parked.t', offset: '3', recordId: id(1) }),
    ])
    const place = { topic: 'parked.t', partition: 1 }
    const offsets = async (after: bigint, limit: number) =>
      (await index.parked(place, after, limit)).map(({ offset, state }) => [Number(offset), state])
    expect(await offsets(-1n, 1)).toEqual([
      [9, 'quarantined'],
      [9, 'quarantined'],
    ])
    expect((await offsets(9n, 100)).map(([offset]) => offset)).toEqual([10, 11, 100])
    expect((await index.takeOver(place)).keys.toSorted((a, b) => Number(a.firstOffset - b.firstOffset))).toEqual([
      {
        view: expect.any(String),
        recordId: id(1),
        firstOffset: 9n,
        lastOffset: expect.any(BigInt),
        records: expect.any(Number),
        parkedBy: 's',
      },
      {
        view: expect.any(String),
        recordId: id(1),
        firstOffset: 9n,
        lastOffset: expect.any(BigInt),
        records: expect.any(Number),
        parkedBy: 's',
      },
      { view: 'default', recordId: null, firstOffset: 11n, lastOffset: 11n, records: 1, parkedBy: 's' },
      { view: 'default', recordId: id(2), firstOffset: 100n, lastOffset: 100n, records: 1, parkedBy: 's' },
    ])
    const isParked = (offset: bigint, recordId: string | null) => index.isParked({ ...place, offset }, recordId)
    expect(
      await Promise.all([isParked(8n, id(1)), isParked(9n, id(1)), isParked(200n, null), isParked(99n, id(2))]),
    ).toEqual([false, true, true, false])
    expect(await index.withParked('parked.t')).toEqual([
      { topic: 'parked.t', partition: 1 },
      { topic: 'parked.t', partition: 2 },
    ])
    expect(await index.withParked(null)).toContainEqual({ topic: 'parked.t', partition: 2 })
    const all = await listed('parked.t')
    await index.released(all.map(letter => letter.id))
    expect(await index.withParked('parked.t')).toEqual([])
    // The one that was not parked is none of theirs.
    expect((await listed('parked.t')).map(({ state }) => state).sort()).toEqual(['open', ...Array(6).fill('replayed')])
  })

  test('one that has to wait goes into quarantine, and does not leave it because it is written again', async () => {
    const letter = aLetter({ topic: 'into.t', recordId: null })
    await add([letter])
    await add([{ ...letter, code: 'RECORD_BEHIND_QUARANTINED', parkedBy: 's', letterOffset: '43' }])
    expect(await listed('into.t')).toMatchObject([
      { state: 'quarantined', code: 'RECORD_BEHIND_QUARANTINED', letterOffset: '43' },
    ])
    await add([letter])
    await add([{ ...letter, code: 'RECORD_QUARANTINED', parkedBy: 's', letterOffset: '44' }])
    expect(await listed('into.t')).toMatchObject([{ state: 'quarantined', code: 'RECORD_BEHIND_QUARANTINED' }])
    await index.released((await listed('into.t')).map(({ id }) => id))
    await add([{ ...letter, code: 'RECORD_QUARANTINED', parkedBy: 's', letterOffset: '45' }])
    expect(await listed('into.t')).toMatchObject([{ state: 'quarantined', attempts: 0, letterOffset: '45' }])
    await index.released((await listed('into.t')).map(({ id }) => id))
  })

  test('what is expelled is an ordinary letter', async () => {
    await add(
      [1, 2].map(n => aLetter({ topic: 'out.t', offset: String(n), parkedBy: 's', code: 'RECORD_QUARANTINED' })),
    )
    const [first, second] = await listed('out.t')
    await index.expelled(first?.id ?? '', { code: 'RECORD_TOO_LARGE', path: 'after', nextAttemptAt: at })
    await index.expelled(second?.id ?? '', { code: 'RECORD_TOO_DEEP', path: '', nextAttemptAt: null })
    expect(await listed('out.t')).toMatchObject([
      { state: 'retrying', code: 'RECORD_TOO_LARGE', path: 'after', nextAttemptAt: at },
      { state: 'open', code: 'RECORD_TOO_DEEP', nextAttemptAt: null },
    ])
    expect((await index.takeOver({ topic: 'out.t', partition: 1 })).keys).toEqual([])
    for (const { id } of await listed('out.t'))
      await index.update(id, { state: 'review', attempts: 6, nextAttemptAt: null })
  })

  test('what is parked is not tried again by itself', async () => {
    await add([aLetter({ topic: 'stays.t', parkedBy: 's', code: 'RECORD_QUARANTINED' })])
    const [entry] = await listed('stays.t')
    await index.update(entry?.id ?? '', { state: 'retrying', attempts: 1, nextAttemptAt: at })
    expect(await listed('stays.t')).toMatchObject([{ state: 'quarantined', attempts: 0 }])
    await index.released([entry?.id ?? ''])
  })

  test('whoever has lost its partition lists nothing any more, also when it was just about to', async () => {
    const place = { topic: 'fence.t', partition: 1 }
    const parked = (offset: string) => aLetter({ ...place, offset, parkedBy: 's', code: 'RECORD_QUARANTINED' })
    const { claim: old } = await index.takeOver(place)
    expect(await index.add([parked('1')], old)).toBe(true)
    const { claim, keys } = await index.takeOver(place)
    expect(keys).toMatchObject([{ firstOffset: 1n }])
    expect(await index.add([parked('2')], old)).toBe(false)
    expect(await index.add([parked('3')], claim)).toBe(true)
    // One that is writing is waited for, and seen.
    const writing = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    const slow = database.open().transaction(async query => {
      await query({ text: `select from scrim_partition_claim where topic = 'fence.t' for share` })
      await query({
        text: `insert into scrim_dead_letter (topic, topic_partition, topic_offset, "timestamp", views, code, path, policy_version, state, parked_by)
          values ('fence.t', 1, 4, now(), '{v}', 'c', '', 1, 'quarantined', 's')`,
      })
      writing.resolve()
      await goOn.promise
    })
    await writing.promise
    const taken = index.takeOver(place)
    goOn.resolve()
    await slow
    expect((await taken).keys).toContainEqual(expect.objectContaining({ view: 'v', firstOffset: 4n }))
    await index.released((await listed('fence.t')).map(({ id }) => id))
  })

  test('a record at the same place of a topic that was made anew is another one', async () => {
    const letter = aLetter({ topic: 'remade.t' })
    await add([letter])
    await add([{ ...letter, timestamp: later(1), letterOffset: '77' }])
    expect(await listed('remade.t')).toMatchObject([{ letterOffset: '42' }, { letterOffset: '77' }])
    const parked = { ...letter, parkedBy: 's', code: 'RECORD_QUARANTINED' } as const
    await add([
      { ...parked, timestamp: later(3), letterOffset: '79' },
      { ...parked, timestamp: later(2) },
    ])
    const order = await index.parked({ topic: 'remade.t', partition: 1 }, -1n, 1)
    expect(order.map(({ timestamp }) => timestamp)).toEqual([later(2), later(3)])
    await index.released(order.map(({ id }) => id))
  })

  test('pages follow each other without gap or repetition', async () => {
    await add(Array.from({ length: 2_500 }, (_, n) => aLetter({ topic: 'pages.t', offset: String(n) })))
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
    expect(Object.keys(fresh).sort()).toEqual(['open', 'quarantined', 'replayed', 'retrying', 'review'])
    expect(fresh.open).toBeGreaterThan(2_500)
    expect(fresh.quarantined).toBe(0)
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
    await add([aLetter({ topic, timestamp: new Date(ms) })])
    expect(await listed(topic)).toHaveLength(1)
  })
})
