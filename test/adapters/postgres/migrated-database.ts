import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll } from 'vitest'
import type { PostgresAddress } from '../../../compose/stack/postgres.ts'
import { migrate } from '../../../src/adapters/postgres/migrate.ts'
import { createPool, type Database, type PoolOptions } from '../../../src/adapters/postgres/pool.ts'
import { freshDatabase } from '../../support/stack/require-stack.ts'

export interface TestDatabase {
  /** Under the role that may create tables and owns them. */
  readonly ownerUrl: string
  readonly serviceUrl: string
  readonly serviceRole: string
  /** A pool of the service role; ended after the tests. */
  readonly open: (options?: Partial<PoolOptions>) => Database
  /** SQL as the owner of the tables, such as an attacker with all rights in the database. */
  readonly asOwner: (sql: string, values?: unknown[]) => Promise<Record<string, unknown>[]>
}

/** A database of this file's own with two roles of its own, without tables. */
export function rolesAndDatabase(postgres: PostgresAddress): TestDatabase {
  const id = randomBytes(6).toString('hex')
  const owner = `owner_${id}`
  const serviceRole = `service_${id}`
  const admin = async (sql: string) => {
    const client = new pg.Client({ ...postgres, database: 'postgres' })
    await client.connect()
    await client.query(sql).finally(() => client.end())
  }
  afterAll(() => admin(`drop role if exists ${owner}; drop role if exists ${serviceRole}`))
  const { name, url } = freshDatabase(postgres)
  beforeAll(() =>
    admin(`create role ${owner} login; create role ${serviceRole} login; alter database ${name} owner to ${owner}`),
  )

  const open: Database[] = []
  afterAll(() => Promise.all(open.map(database => database.end())))
  const as = (user: string) => {
    const address = new URL(url)
    address.username = user
    return address.href
  }
  return {
    ownerUrl: as(owner),
    serviceUrl: as(serviceRole),
    serviceRole,
    open: options => {
      const database = createPool(as(serviceRole), { applicationName: 'scrim test', ...options })
      open.push(database)
      return database
    },
    asOwner: (sql, values) => asRole(as(owner), sql, values),
  }
}

/** The same with all migrations applied. */
export function migratedDatabase(postgres: PostgresAddress): TestDatabase {
  const database = rolesAndDatabase(postgres)
  beforeAll(() => migrate({ url: database.ownerUrl, serviceRole: database.serviceRole }))
  return database
}

/** Runs SQL on a connection of its own. */
export async function asRole(url: string, sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(sql, values)).rows
  } finally {
    await client.end()
  }
}
