import pg from 'pg'
import { ScrimError } from '../../errors.ts'
import { grantService } from './grants.ts'
import { compareMigrations, type Migration, readMigrations } from './migrations.ts'
import { createPool, type Database, type Query } from './pool.ts'
import { postgresError } from './postgres-error.ts'

/** How to migrate. */
export interface MigrateOptions {
  /** The database under a role that may create tables. */
  readonly url: string
  /** The role Scrim works under; it gets the rights it needs and no others. It has to exist. */
  readonly serviceRole: string
  readonly migrations?: readonly Migration[]
  readonly statementTimeoutMs?: number
}

/** Advisory lock of all instances that migrate this database; the partitions and the audit chain have 2 and 3. */
const MIGRATION_LOCK = 'select pg_advisory_xact_lock(7227374, 1)'

/**
 * Applies what is missing, all of it or nothing, and grants the service role its rights. Instances that start at once wait
 * for each other. A file that was edited after it was applied is refused. Resolves to the files it has applied.
 */
export async function migrate(options: MigrateOptions): Promise<readonly string[]> {
  const { url, serviceRole, migrations = await readMigrations(), statementTimeoutMs = 600_000 } = options
  const database = createPool(url, { applicationName: 'scrim migrations', max: 1, statementTimeoutMs })
  try {
    return await database.transaction(async query => {
      await query({ text: MIGRATION_LOCK })
      await fixSearchPath(query)
      await query({
        text: `create table if not exists scrim_migrations (
          file text primary key, digest text not null, applied_at timestamptz not null default now())`,
      })
      const { pending, broken } = compareMigrations(migrations, await readApplied(query))
      if (broken.length > 0) throw new ScrimError('POSTGRES_NOT_MIGRATED', { path: broken.join(', ') })
      for (const { file, sql, digest } of pending) {
        await apply(query, file, sql)
        await query({ text: 'insert into scrim_migrations (file, digest) values ($1, $2)' }, [file, digest])
      }
      await grantService(query, serviceRole)
      return pending.map(({ file }) => file)
    })
  } finally {
    await database.end()
  }
}

/** What keeps the service from working on this database, by file; empty if nothing. For a start without a migrations URL. */
export async function missingMigrations(
  database: Database,
  migrations?: readonly Migration[],
): Promise<readonly string[]> {
  const known = migrations ?? (await readMigrations())
  const [there] = await database.query<{ is_there: boolean }>({
    text: `select to_regclass('scrim_migrations') is not null as is_there`,
  })
  const applied = there?.is_there ? await readApplied(database.query) : new Map<string, string>()
  const { pending, broken } = compareMigrations(known, applied)
  return [...new Set([...pending.map(({ file }) => file), ...broken])].sort()
}

/** Rejects with POSTGRES_NOT_MIGRATED, the files as its place, where something is missing. */
export async function requireMigrations(database: Database, migrations?: readonly Migration[]): Promise<void> {
  const missing = await missingMigrations(database, migrations)
  if (missing.length > 0) throw new ScrimError('POSTGRES_NOT_MIGRATED', { path: missing.join(', ') })
}

/** The role that a URL connects as: the service role, given the service's URL. */
export function roleOf(url: string): string {
  const { user } = new pg.Client({ connectionString: url })
  return user ?? ''
}

/**
 * One schema, that of the migrations role, for all names; the functions keep this path. pg_temp is named so that it comes
 * last: tables that a caller has made for himself must not stand in for ours.
 */
async function fixSearchPath(query: Query): Promise<void> {
  const [found] = await query<{ schema: string | null }>({ text: 'select current_schema() as schema' })
  if (!found?.schema) throw new ScrimError('POSTGRES_NOT_AUTHORISED', { path: 'search_path' })
  await query({ text: `set local search_path to ${pg.escapeIdentifier(found.schema)}, pg_temp` })
}

async function readApplied(query: Query): Promise<Map<string, string>> {
  const rows = await query<{ file: string; digest: string }>({ text: 'select file, digest from scrim_migrations' })
  return new Map(rows.map(({ file, digest }) => [file, digest]))
}

async function apply(query: Query, file: string, sql: string): Promise<void> {
  try {
    await query({ text: sql })
  } catch (error) {
    const { code, where } = postgresError(error)
    throw new ScrimError(code, { path: `${file} ${where.path}` })
  }
}
