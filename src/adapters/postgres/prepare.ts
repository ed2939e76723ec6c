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

/** The same database, whose every use waits until it has been prepared; fails as `ready` does as long as it cannot be. */
export function whenPrepared(database: Database, ready: () => Promise<void>): Database {
  return {
    query: async (statement, values) => {
      await ready()
      return database.query(statement, values)
    },
    transaction: async work => {
      await ready()
      return database.transaction(work)
    },
    listen: async (channel, heard, signal) => {
      await ready()
      return database.listen(channel, heard, signal)
    },
    ping: database.ping,
    end: database.end,
  }
}
