import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import pg from 'pg'
import { type PostgresAddress, postgresUrl } from '../stack/postgres.ts'

/** Every role of the demo, with a password of its own that lives as long as the demo. */
export type RolePasswords = Readonly<Record<(typeof roles)[number], string>>

const roles = ['debezium_user', 'citizen_sink', 'warehouse_sink', 'scrim_owner', 'scrim_app'] as const

/** The databases under the names of the documents, or under others where a server is shared. */
export interface DatabaseNames {
  readonly warehouse: string
  readonly citizen: string
}

/** A statement file of the demo. */
export const sqlFile = (name: string): string => readFileSync(new URL(`sql/${name}.sql`, import.meta.url), 'utf8')

/** Makes the roles of sql/roles.sql; on a server that has them already it only sets new passwords. */
export async function createRoles(postgres: PostgresAddress): Promise<RolePasswords> {
  return withClient(postgres, 'postgres', async client => {
    const { rows } = await client.query('select from pg_roles where rolname = any($1)', [roles])
    if (rows.length === 0) await client.query(sqlFile('roles'))
    const passwords = roles.map(role => [role, randomBytes(18).toString('base64url')] as const)
    for (const [role, password] of passwords) await client.query(`alter role ${role} password '${password}'`)
    return Object.fromEntries(passwords) as RolePasswords
  })
}

/** Fills two empty databases with the tables of both sides, and the warehouse with its rows. */
export async function createTables(postgres: PostgresAddress, { warehouse, citizen }: DatabaseNames): Promise<void> {
  await Promise.all([
    withClient(postgres, warehouse, async client => {
      await client.query(`${sqlFile('warehouse')};${sqlFile('warehouse-rows')}`)
    }),
    withClient(postgres, citizen, async client => {
      await client.query(sqlFile('citizen'))
    }),
  ])
}

/** Lets Scrim's two roles into its own database, and answers under which addresses it comes. */
export async function createServiceDatabase(
  postgres: PostgresAddress,
  database: string,
  passwords: RolePasswords,
): Promise<{ readonly databaseUrl: string; readonly migrationsUrl: string }> {
  await withClient(postgres, database, client => client.query('grant create on schema public to scrim_owner'))
  const url = (user: 'scrim_app' | 'scrim_owner') =>
    postgresUrl({ ...postgres, user, password: passwords[user] }, database)
  return { databaseUrl: url('scrim_app'), migrationsUrl: url('scrim_owner') }
}

/** Runs `work` with a client of the superuser. */
export async function withClient<T>(
  postgres: PostgresAddress,
  database: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = await connect(postgresUrl(postgres, database))
  try {
    return await work(client)
  } finally {
    await client.end().catch(() => {}) // the server may be on its way out
  }
}

/** A connected client that survives the end of its server: the next query says so. */
export async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  return client
}
