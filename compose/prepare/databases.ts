import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'

/** A server and its superuser. */
export interface Server {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
}

/** The passwords of the roles, by role. */
export type Passwords = Readonly<
  Record<'debezium_user' | 'citizen_sink' | 'warehouse_sink' | 'scrim_owner' | 'scrim_app', string>
>

const sqlFile = (name: string): string => readFileSync(new URL(`../demo/sql/${name}.sql`, import.meta.url), 'utf8')

/**
 * Makes the roles, tables and rows of the demo and Scrim's own database, on the servers of both sides. May run again: what
 * is there stays, only passwords are set anew.
 */
export async function prepareDatabases(options: {
  readonly warehouse: Server
  readonly citizen: Server
  readonly passwords: Passwords
}): Promise<void> {
  const { warehouse, citizen, passwords } = options
  await withClient(warehouse, 'smart_warehouse', async client => {
    // A role without a password cannot log in: each server knows only those that have business there.
    await makeRoles(client, passwords, ['debezium_user', 'warehouse_sink', 'scrim_owner', 'scrim_app'])
    await fill(client, 'public.golden_records', ['warehouse', 'warehouse-rows'])
    const { rowCount } = await client.query("select from pg_database where datname = 'scrim'")
    if (rowCount === 0) await client.query('create database scrim')
  })
  await withClient(warehouse, 'scrim', async client => {
    await client.query('revoke connect on database scrim from public')
    await client.query('grant connect on database scrim to scrim_owner, scrim_app')
    await client.query('grant create on schema public to scrim_owner')
  })
  await withClient(citizen, 'smart_citizen', async client => {
    await makeRoles(client, passwords, ['debezium_user', 'citizen_sink'])
    await fill(client, 'public.profile_data', ['citizen'])
  })
}

async function makeRoles(client: pg.Client, passwords: Passwords, roles: readonly (keyof Passwords)[]): Promise<void> {
  const { rowCount } = await client.query("select from pg_roles where rolname = 'debezium_user'")
  if (rowCount === 0) await client.query(sqlFile('roles'))
  for (const role of roles) {
    await client.query(`alter role ${role} password ${pg.escapeLiteral(passwords[role])}`)
  }
}

/** All files in one transaction, unless the table is there. */
async function fill(client: pg.Client, table: string, files: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ is_there: boolean }>('select to_regclass($1) is not null as is_there', [table])
  if (rows[0]?.is_there !== true) await client.query(files.map(sqlFile).join(';\n'))
}

async function withClient(server: Server, database: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ ...server, database })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}

if (import.meta.main) {
  const folder = process.env.SECRETS_DIR ?? '/run/secrets'
  const secret = (name: string): string => readFileSync(join(folder, name), 'utf8').trim()
  const server = (host: string): Server => ({
    host,
    port: 5432,
    user: 'postgres',
    password: secret('POSTGRES_PASSWORD'),
  })
  await prepareDatabases({
    warehouse: server('warehouse-db'),
    citizen: server('citizen-db'),
    passwords: {
      debezium_user: secret('DEBEZIUM_PASSWORD'),
      citizen_sink: secret('CITIZEN_SINK_PASSWORD'),
      warehouse_sink: secret('WAREHOUSE_SINK_PASSWORD'),
      scrim_owner: secret('SCRIM_OWNER_PASSWORD'),
      scrim_app: secret('SCRIM_APP_PASSWORD'),
    },
  })
  process.stdout.write('smart_warehouse, smart_citizen and scrim are ready\n')
}
