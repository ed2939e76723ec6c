import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, describe, inject, test } from 'vitest'
import { type PostgresAddress, postgresUrl } from '../../../compose/stack/postgres.ts'
import { type Stack, type StackOptions, startStack } from '../../../compose/stack/stack.ts'
import type { StackAddresses } from './global-setup.ts'

/** The shared stack's addresses; throws with the reason when the machine has no Java or Maven. */
export function requireStack(): StackAddresses {
  const { kafka, missing, postgres } = inject('stack')
  if (!kafka) throw new Error(`no Kafka: ${missing}`)
  return { ...kafka, postgres }
}

/** A `describe` over the shared stack. Where that cannot run it stands in the report as skipped, with the reason. */
export function describeWithStack(name: string, body: (stack: StackAddresses) => void): void {
  orSkip(name, () => body(requireStack()))
}

/** A `describe` over the shared Postgres only: runs without Java. */
export function describeWithPostgres(name: string, body: (postgres: PostgresAddress) => void): void {
  describe(name, () => body(inject('stack').postgres))
}

/**
 * A `describe` with a stack of its own, for tests that stop or kill parts. The stack is there from the first hook or test
 * on; without brokers it needs no Java.
 */
export function describeWithOwnStack(name: string, options: StackOptions, body: (stack: () => Stack) => void): void {
  const withStack = () => {
    let stack: Stack | undefined
    beforeAll(async () => {
      stack = await startStack(options)
    }, 300_000)
    afterAll(() => stack?.stop(), 60_000)
    body(() => {
      if (!stack) throw new Error('the stack is not started yet: ask for it inside a test or hook')
      return stack
    })
  }
  if (options.brokers === 0) describe(name, withStack)
  else orSkip(name, withStack)
}

/** A database of its own for this test file: made before its tests, dropped after them. */
export function freshDatabase(postgres: PostgresAddress): { readonly name: string; readonly url: string } {
  const name = `t_${randomBytes(6).toString('hex')}`
  beforeAll(() => query(postgres, `create database ${name}`))
  afterAll(async () => {
    // A replication slot that a connector left behind would hold the database.
    await query(
      postgres,
      `select pg_terminate_backend(active_pid, 5000) from pg_replication_slots
        where database = '${name}' and active_pid is not null`,
    )
    await query(
      postgres,
      `select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = '${name}'`,
    )
    await query(postgres, `drop database ${name} with (force)`)
  })
  return { name, url: postgresUrl(postgres, name) }
}

/** The start of names (topics, groups, connectors) that no other test uses. */
export function freshPrefix(): string {
  return `t${randomBytes(6).toString('hex')}`
}

function orSkip(name: string, body: () => void): void {
  const { kafka, missing } = inject('stack')
  if (kafka) describe(name, body)
  else describe(`${name} (skipped: ${missing})`, () => test.skip('needs the stack', () => {}))
}

async function query(postgres: PostgresAddress, sql: string): Promise<void> {
  const client = new pg.Client({ ...postgres, database: 'postgres' })
  client.on('error', () => {})
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
