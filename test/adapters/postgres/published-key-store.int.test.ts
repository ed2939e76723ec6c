import { expect, test } from 'vitest'
import { createPublishedKeyStore } from '../../../src/adapters/postgres/published-key-store.ts'
import { publishedKeyStoreContract } from '../../support/published-key-store-contract.ts'
import { describeWithPostgres } from '../../support/stack/require-stack.ts'
import { migratedDatabase } from './migrated-database.ts'

describeWithPostgres('the store of published keys', postgres => {
  const database = migratedDatabase(postgres)
  publishedKeyStoreContract('the one in Postgres', () => createPublishedKeyStore({ database: database.open() }))

  test('what was forgotten stays with who did it and why', async () => {
    const store = createPublishedKeyStore({ database: database.open() })
    await store.remember([
      { topic: 't', maskedTopic: 't.masked', column: 'id', mask: 'none', keyId: null, keyCheck: null },
    ])
    await store.forget('t.masked', { author: 'anna', reason: 'the target was emptied' })
    const rows = await database.asOwner(
      `select column_name, mask, forgotten_by, forgotten_reason, forgotten_at >= at as "isAfter"
        from scrim_published_key where masked_topic = 't.masked'`,
    )
    expect(rows).toEqual([
      {
        column_name: 'id',
        mask: 'none',
        forgotten_by: 'anna',
        forgotten_reason: 'the target was emptied',
        isAfter: true,
      },
    ])
    await expect(store.forget('t.masked', { author: 'anna', reason: '\u0000' })).rejects.toMatchObject({
      code: 'POLICY_SHAPE',
    })
  })
})
