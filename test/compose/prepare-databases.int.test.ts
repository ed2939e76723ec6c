import pg from 'pg'
import { expect, test } from 'vitest'
import { type Passwords, prepareDatabases, type Server } from '../../compose/prepare/databases.ts'
import { type PostgresAddress, postgresUrl } from '../../compose/stack/postgres.ts'
import { prepareDatabase } from '../../src/adapters/postgres/prepare.ts'
import { createPool } from '../../src/adapters/postgres/pool.ts'
import { describeWithOwnStack } from '../support/stack/require-stack.ts'

const passwords: Passwords = {
  debezium_user: 'debezium-1',
  citizen_sink: "sink-'1",
  warehouse_sink: 'sink-2',
  scrim_owner: 'owner-1',
  scrim_app: 'app-1',
}

describeWithOwnStack(
  'the databases of compose/',
  { brokers: 0, connect: false, secure: false, databases: ['smart_warehouse', 'smart_citizen'] },
  stack => {
    // One server stands for both here.
    const server = (): Server => stack().postgres
    const prepare = () => prepareDatabases({ warehouse: server(), citizen: server(), passwords })
    const as = (user: keyof Passwords): PostgresAddress => ({ ...stack().postgres, user, password: passwords[user] })

    test('are made, and stay as they are when it runs again', async () => {
      await prepare()
      await ask(stack().postgres, 'smart_warehouse', "update golden_records set full_name = 'kept'")
      await prepare()
      const rows = await ask(stack().postgres, 'smart_warehouse', 'select distinct full_name from golden_records')
      expect(rows).toEqual([{ full_name: 'kept' }])
    })

    test('every role has a password, and reaches what it works with and no more', async () => {
      const [published] = await ask(as('debezium_user'), 'smart_warehouse', 'select count(*)::int from golden_records')
      expect(published?.count).toBeGreaterThan(0)
      await ask(as('citizen_sink'), 'smart_citizen', "insert into schemes (scheme_code, scheme_name) values ('a', 'b')")
      await ask(as('warehouse_sink'), 'smart_warehouse', 'select from application_events')
      // The server of the tests trusts everybody on this machine, so the passwords are looked up and not tried.
      const secured = await ask(
        stack().postgres,
        'postgres',
        "select rolname as role from pg_authid where rolpassword like 'SCRAM-SHA-256$%' order by 1",
      )
      expect(secured.map(({ role }) => role)).toEqual(expect.arrayContaining(Object.keys(passwords)))
      await expect(ask(as('citizen_sink'), 'scrim', 'select 1')).rejects.toMatchObject({ code: '42501' })
    })

    test('Scrim migrates its own database as its owner, and works in it as its user', async () => {
      const databaseUrl = postgresUrl(as('scrim_app'), 'scrim')
      const database = createPool(databaseUrl, { applicationName: 'test' })
      try {
        await prepareDatabase({ database, databaseUrl, migrationsUrl: postgresUrl(as('scrim_owner'), 'scrim') })
      } finally {
        await database.end()
      }
    })
  },
)

async function ask(address: PostgresAddress, database: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ ...address, database })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(text)).rows
  } finally {
    await client.end()
  }
}
