import { chownSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import type { Keeper } from './keeper.ts'
import { createPart, type Part } from './part.ts'
import { freePorts } from './ports.ts'
import { findPostgres } from './postgres-binaries.ts'
import type { PostgresUser } from './postgres-user.ts'

/** Where Postgres is. `user` is the superuser; any other role that is created may come in too, with any password or none. */
export interface PostgresAddress {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
}

/** What `startPostgres` needs. */
export interface PostgresRecipe {
  readonly keeper: Keeper
  readonly signal: AbortSignal
  /** Where a copy of the programs may be kept. */
  readonly base: string
  readonly user: PostgresUser
  readonly databases: readonly string[]
}

const settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '', // the default directory may be closed to the user
  wal_level: 'logical',
  max_wal_senders: 16,
  max_replication_slots: 16,
  max_connections: 100,
  shared_buffers: '32MB',
  // The machine does not crash in a test; the process does. So no fsync, but every commit is handed to the kernel at once:
  // with synchronous_commit off a kill -9 would lose the last half second.
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'on',
  // /dev/shm is 64 MB in a container, and a kill -9 would leave files there.
  dynamic_shared_memory_type: 'mmap',
  timezone: 'UTC',
  log_timezone: 'UTC',
}

/** The address as a connection string. */
export function postgresUrl({ host, port, user, password }: PostgresAddress, database: string): string {
  return `postgres://${user}:${password}@${host}:${port}/${encodeURIComponent(database)}`
}

/** Makes a new cluster with the databases, and answers when it takes connections. */
export async function startPostgres(recipe: PostgresRecipe): Promise<{ address: PostgresAddress; part: Part }> {
  const { keeper, signal, user, databases } = recipe
  const { initdb, postgres } = findPostgres(user, recipe.base)
  const [port = 0] = await freePorts(1)
  const address = { host: '127.0.0.1', port, user: 'postgres', password: 'postgres' }
  const data = join(keeper.dir, 'postgres')
  mkdirSync(data, { mode: 0o700 })
  if (user) chownSync(data, user.uid, user.gid)
  // Postgres' own locale, so that sorting does not depend on which ones the machine has.
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
  // Settings are given here, not at the start: initdb is half a second quicker when it need not try which sizes fit.
  const set = Object.entries(settings).map(([key, value]) => `--set=${key}=${value}`)
  const args = ['-D', data, '-U', address.user, '--auth=trust', ...locale, '--no-sync', '--no-instructions', ...set]
  await keeper.run('initdb', { command: initdb, args, user }, signal)

  const part = createPart(keeper, signal, {
    name: 'postgres', // the name by which work-dir.ts knows it
    launch: () => ({ command: postgres, args: ['-D', data, '-p', String(port)], user }),
    isReady: output => output.includes('database system is ready to accept connections'),
    stopSignal: 'SIGINT', // "fast": does not wait for clients to leave
  })
  await part.start()

  const client = new pg.Client({ ...address, database: 'postgres' })
  client.on('error', () => {}) // the server may be ended while we talk; the query says so
  await client.connect()
  try {
    for (const name of databases) await client.query(`create database ${pg.escapeIdentifier(name)}`)
  } finally {
    await client.end().catch(() => {})
  }
  return { address, part }
}
