import { expect, test } from 'vitest'
import { createDeadLetterIndex } from '../../../src/adapters/postgres/dead-letter-index.ts'
import { createLetterRequests } from '../../../src/adapters/postgres/letter-requests.ts'
import type { LetterRequest } from '../../../src/services/ports/dead-letters.ts'
import { describeWithPostgres } from '../../support/stack/require-stack.ts'
import { migratedDatabase } from './migrated-database.ts'

const at = new Date('2026-11-05T06:07:08.900Z')
const LONG = 600_000
const aRequest = (topic: string, change: Partial<LetterRequest> = {}): Omit<LetterRequest, 'id'> => ({
  what: 'release',
  letterId: null,
  topic,
  partition: 1,
  force: false,
  caller: 'anna',
  requestId: 'r1',
  ...change,
})

describeWithPostgres('requests between instances', postgres => {
  const database = migratedDatabase(postgres)
  const requests = createLetterRequests({ database: database.open() })
  const take = (topic: string, partition = 1, forMs = LONG) => requests.take(forMs, [{ topic, partition }])

  test('one comes back as it was added, to the reader of its partition, once', async () => {
    const index = createDeadLetterIndex({ database: database.open() })
    const { claim } = await index.takeOver({ topic: 'r.t', partition: 1 })
    const letters = [
      {
        topic: 'r.t',
        partition: 1,
        offset: '1',
        timestamp: at,
        views: ['v'],
        code: 'RECORD_TOO_DEEP',
        path: '',
        policyVersion: 1,
        recordId: null,
        parkedBy: null,
        keyId: null,
        bucket: null,
        nextAttemptAt: null,
        letterPartition: null,
        letterOffset: null,
        letterBytes: null,
      },
    ] as const
    await index.add(letters, claim)
    const [letter] = await index.list({ topic: 'r.t', limit: 1 })
    const wanted = [aRequest('r.t', { what: 'replay', letterId: letter?.id ?? '', force: true }), aRequest('r.t')]
    const ids = await requests.add(wanted, LONG)
    expect(await take('other.t')).toBeNull()
    expect(await take('r.t', 2)).toBeNull()
    expect(await requests.take(1, [])).toBeNull()
    expect(await take('r.t')).toEqual({ ...wanted[0], id: ids[0] })
    expect(await take('r.t')).toEqual({ ...wanted[1], id: ids[1] })
    expect(await take('r.t')).toBeNull()
  })

  test('its result is told to whoever asks', async () => {
    const [first, second] = (await requests.add([aRequest('done.t'), aRequest('done.t')], LONG)) as [string, string]
    await requests.finish(first, { released: 3, waiting: 0, code: null })
    expect(await requests.results([first, second])).toEqual(new Map([[first, { released: 3, waiting: 0, code: null }]]))
    await requests.finish(first, { released: 9 })
    expect((await requests.results([first])).get(first)).toMatchObject({ released: 3 })
    expect(await take('done.t')).toMatchObject({ id: second })
  })

  test('nobody takes one up after its time, or that was withdrawn', async () => {
    await requests.add([aRequest('late.t')], 0)
    expect(await take('late.t')).toBeNull()
    const ids = await requests.add([aRequest('back.t'), aRequest('back.t')], LONG)
    expect(await take('back.t')).toMatchObject({ id: ids[0] })
    await requests.withdraw(ids)
    expect(await take('back.t')).toBeNull()
    // What was taken goes on.
    await requests.finish(ids[0] ?? '', { released: 1 })
    expect(await requests.results(ids)).toEqual(new Map([[ids[0], { released: 1 }]]))
  })

  test('what one has taken and not finished, or given back, another takes up', async () => {
    const [id = ''] = await requests.add([aRequest('gone.t')], LONG)
    expect(await take('gone.t')).toMatchObject({ id })
    expect(await take('gone.t')).toBeNull()
    await requests.giveBack(id)
    expect(await take('gone.t', 1, 0)).toMatchObject({ id })
    expect(await take('gone.t')).toMatchObject({ id })
  })
})
