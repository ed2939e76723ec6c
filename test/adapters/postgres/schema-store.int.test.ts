import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { createSchemaStore } from '../../../src/adapters/postgres/schema-store.ts'
import { describeWithPostgres } from '../../support/stack/require-stack.ts'
import { migratedDatabase } from './migrated-database.ts'

describeWithPostgres('the schema store', postgres => {
  const database = migratedDatabase(postgres)
  const store = createSchemaStore({ database: database.open() })

  test('it gives the block last seen of each topic and part, byte for byte', async () => {
    const first = Buffer.from('{"type":"struct"}')
    const second = Buffer.from([0, 255, 92, 39, 195])
    await store.remember('t', 'value', first)
    await store.remember('t', 'key', first)
    await store.remember('u', 'value', first)
    await store.remember('t', 'value', second)
    const seen = (await createSchemaStore({ database: database.open() }).all()).map(({ topic, part, bytes }) => [
      topic,
      part,
      bytes,
    ])
    expect(seen).toEqual([
      ['t', 'key', first],
      ['t', 'value', second],
      ['u', 'value', first],
    ])
    await store.remember('t', 'value', first)
    const back = (await store.all()).find(({ topic, part }) => topic === 't' && part === 'value')
    expect(back).toMatchObject({ bytes: first, digest: createHash('sha256').update(first).digest('hex') })
    expect(back?.lastSeenAt.getTime()).toBeGreaterThan(back?.firstSeenAt.getTime() ?? Number.NaN)
    expect(await database.asOwner('select from scrim_seen_schema')).toHaveLength(4)
  })

  test('many that see the same block at once store it once', async () => {
    const block = Buffer.from('{"same":true}')
    await Promise.all(Array.from({ length: 20 }, () => store.remember('same', 'value', block)))
    expect(await database.asOwner(`select from scrim_seen_schema where topic = 'same'`)).toHaveLength(1)
  })
})
