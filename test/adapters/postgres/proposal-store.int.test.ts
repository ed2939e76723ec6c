import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { migrate } from '../../../src/adapters/postgres/migrate.ts'
import { createPolicyStore } from '../../../src/adapters/postgres/policy-store.ts'
import { createPool } from '../../../src/adapters/postgres/pool.ts'
import { createProposalStore } from '../../../src/adapters/postgres/proposal-store.ts'
import { createPublishedKeyStore } from '../../../src/adapters/postgres/published-key-store.ts'
import { aPolicy } from '../../support/policy-documents.ts'
import { proposalStoreContract } from '../../support/proposal-store-contract.ts'
import { describeWithPostgres } from '../../support/stack/require-stack.ts'
import { asRole, migratedDatabase, rolesAndDatabase } from './migrated-database.ts'

describeWithPostgres('the contract', postgres => {
  const database = rolesAndDatabase(postgres)

  // An empty store for each test: a schema of its own, as nothing of it is ever removed.
  proposalStoreContract('the one in Postgres', async () => {
    const schema = `s_${randomBytes(6).toString('hex')}`
    const inSchema = (url: string) => `${url}?options=-csearch_path%3D${schema}`
    await database.asOwner(`create schema ${schema}`)
    await migrate({ url: inSchema(database.ownerUrl), serviceRole: database.serviceRole })
    const pool = () => createPool(inSchema(database.serviceUrl), { applicationName: 'scrim test' })
    const [one, two] = [pool(), pool()]
    return {
      store: createProposalStore({ database: one }),
      other: createProposalStore({ database: two }),
      policies: createPolicyStore({ database: one }),
      keys: createPublishedKeyStore({ database: one }),
      close: async () => void (await Promise.all([one.end(), two.end()])),
    }
  })
})

describeWithPostgres('the proposals in Postgres', postgres => {
  const database = migratedDatabase(postgres)
  const store = createProposalStore({ database: database.open() })
  const policies = createPolicyStore({ database: database.open() })
  const keys = createPublishedKeyStore({ database: database.open() })
  const draft = { author: 'anna', reason: 'because', baseVersion: null }
  const bob = { author: 'bob', reason: 'looked at' }
  const documents = [aPolicy('a')]

  test('pins and forgotten keys keep both names', async () => {
    const wanted = { action: 'set', documents, origin: 'rest', filesDigest: null } as const
    const set = await store.add({ ...draft, wanted })
    await store.approveSet(set.id, bob, { documents, patch: [] })
    const pin = await store.add({ ...draft, wanted: { action: 'pin', version: 1 } })
    await store.approvePin(pin.id, bob)
    expect(await database.asOwner('select version, author, approver, reason from scrim_policy_pin')).toEqual([
      { version: 1, author: 'anna', approver: 'bob', reason: 'because' },
    ])
    expect(await policies.pinned()).toBe(1)
    await keys.remember([{ topic: 't', maskedTopic: 'm', column: 'id', mask: 'none', keyId: null, keyCheck: null }])
    const forget = await store.add({ ...draft, wanted: { action: 'forget keys', maskedTopic: 'm' } })
    await store.approveForget(forget.id, bob)
    expect(await database.asOwner('select forgotten_by, forgotten_approver from scrim_published_key')).toEqual([
      { forgotten_by: 'anna', forgotten_approver: 'bob' },
    ])
  })

  test('the tables themselves know the rule: the service cannot write around it', async () => {
    const { id } = await store.add({ ...draft, wanted: { action: 'pin', version: null } })
    const asService = (sql: string) => asRole(database.serviceUrl, sql)
    const closed = (by: string) =>
      `update scrim_policy_proposal set state = 'approved', closed_at = now(), closed_by = '${by}', closed_reason = ''
        where id = ${id}`
    await expect(asService(closed('anna'))).rejects.toMatchObject({ constraint: 'scrim_policy_proposal_two_persons' })
    for (const sql of [
      `update scrim_policy_proposal set author = 'carol'`,
      `update scrim_policy_proposal set documents = '[]'`,
      `update scrim_policy_version set approver = 'carol'`,
      'delete from scrim_policy_proposal',
    ])
      await expect(asService(sql)).rejects.toMatchObject({ code: '42501' })
    await expect(
      asService(
        `insert into scrim_policy_version (version, documents, author, approver, reason, origin, patch)
          values (99, '[]', 'anna', 'anna', '', 'rest', '[]')`,
      ),
    ).rejects.toMatchObject({ code: '23514' })
  })

  test('a text that cannot be stored is told to its author', async () => {
    const wanted = { action: 'pin', version: null } as const
    await expect(store.add({ ...draft, reason: '\u0000', wanted })).rejects.toMatchObject({ code: 'POLICY_SHAPE' })
  })
})
