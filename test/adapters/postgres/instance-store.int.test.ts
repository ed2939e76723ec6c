import { randomBytes } from 'node:crypto'
import { createInstanceStore } from '../../../src/adapters/postgres/instance-store.ts'
import { migrate } from '../../../src/adapters/postgres/migrate.ts'
import { createPolicyStore } from '../../../src/adapters/postgres/policy-store.ts'
import { createPool } from '../../../src/adapters/postgres/pool.ts'
import { instanceStoreContract } from '../../support/instance-store-contract.ts'
import { describeWithPostgres } from '../../support/stack/require-stack.ts'
import { rolesAndDatabase } from './migrated-database.ts'

describeWithPostgres('the contract', postgres => {
  const database = rolesAndDatabase(postgres)

  // An empty store for each test: a schema of its own, as versions are never removed.
  instanceStoreContract('the one in Postgres', async () => {
    const schema = `s_${randomBytes(6).toString('hex')}`
    const inSchema = (url: string) => `${url}?options=-csearch_path%3D${schema}`
    await database.asOwner(`create schema ${schema}`)
    await migrate({ url: inSchema(database.ownerUrl), serviceRole: database.serviceRole })
    const pool = () => createPool(inSchema(database.serviceUrl), { applicationName: 'scrim test' })
    const [one, two] = [pool(), pool()]
    return {
      store: createInstanceStore({ database: one }),
      other: createInstanceStore({ database: two }),
      policies: createPolicyStore({ database: one }),
      age: async (id, ms) => {
        const sql = `update ${schema}.scrim_instance set last_seen_at = last_seen_at - $2 * interval '1 millisecond' where id = $1`
        await database.asOwner(sql, [id, ms])
      },
      close: async () => void (await Promise.all([one.end(), two.end()])),
    }
  })
})
