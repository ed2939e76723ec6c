import { migrate, requireMigrations, roleOf } from './migrate.ts'
import type { Database } from './pool.ts'

/** Brings the tables up to date where there is a role that may, and makes sure that they are. */
export async function prepareDatabase(options: {
  readonly database: Database
  readonly databaseUrl: string
  /** Null: somebody else migrates. */
  readonly migrationsUrl: string | null
}): Promise<void> {
  const { database, databaseUrl, migrationsUrl } = options
  if (migrationsUrl !== null) await migrate({ url: migrationsUrl, serviceRole: roleOf(databaseUrl) })
  await requireMigrations(database)
}
