import pg from 'pg'
import { ScrimError } from '../../errors.ts'
import { postgresError } from './postgres-error.ts'

/** How a pool connects; what is left out has a default that suits the service. */
export interface PoolOptions {
  /** Shown in pg_stat_activity. */
  readonly applicationName: string
  readonly max?: number
  /** Longest statement; also the longest wait for an answer of a server that hangs. */
  readonly statementTimeoutMs?: number
  /** Longest wait for a connection, a free one of the pool included. */
  readonly connectionTimeoutMs?: number
}

/** SQL text; with a name it is prepared once per connection. */
export interface Statement {
  readonly name?: string
  readonly text: string
}

/** Runs one statement and resolves to its rows. Rejects with a ScrimError only. */
export type Query = <Row extends pg.QueryResultRow>(statement: Statement, values?: readonly unknown[]) => Promise<Row[]>

/** One Postgres database. Everything it rejects with is a ScrimError that quotes nothing. */
export interface Database {
  readonly query: Query
  /** All statements of `work` on one connection, or none of them. */
  readonly transaction: <T>(work: (query: Query) => Promise<T>) => Promise<T>
  /** Calls back on each notification of the channel, and once when it listens. Resolves at the signal, rejects when the connection is lost. */
  readonly listen: (channel: string, heard: () => void, signal: AbortSignal) => Promise<void>
  /** Resolves when Postgres answers. */
  readonly ping: () => Promise<void>
  /** Ends all connections; a second call changes nothing. */
  readonly end: () => Promise<void>
}

const LISTEN_CHECK_MS = 15_000

/** Connects on demand; a Postgres that is away is no error before the first statement. */
export function createPool(url: string, options: PoolOptions): Database {
  const { applicationName, max = 10, statementTimeoutMs = 30_000, connectionTimeoutMs = 5_000 } = options
  const settings: pg.PoolConfig = {
    connectionString: url,
    application_name: applicationName,
    max,
    connectionTimeoutMillis: connectionTimeoutMs,
    statement_timeout: statementTimeoutMs,
    // The server's timeout does not help when the server hangs or the network drops packets.
    query_timeout: statementTimeoutMs + 2_000,
    // A writer that was frozen in its transaction would keep the audit chain locked for all others.
    idle_in_transaction_session_timeout: 10_000,
    keepAlive: true,
  }
  const pool = new pg.Pool(settings)
  // Without a listener the loss of an idle connection would end the process. The pool has removed it; the next statement connects anew.
  pool.on('error', ignore)
  let ended: Promise<void> | null = null

  const queryOn =
    (target: pg.Pool | pg.ClientBase): Query =>
    async <Row extends pg.QueryResultRow>(statement: Statement, values: readonly unknown[] = []) => {
      try {
        return (await target.query<Row>({ ...statement, values: [...values] })).rows
      } catch (error) {
        throw postgresError(error)
      }
    }

  async function transaction<T>(work: (query: Query) => Promise<T>): Promise<T> {
    const client = await pool.connect().catch(error => Promise.reject(postgresError(error)))
    // The pool listens to idle clients only.
    client.on('error', ignore)
    const query = queryOn(client)
    let isDone = false
    try {
      await query({ text: 'begin' })
      const result = await work(query)
      // To a transaction that has failed, Postgres answers COMMIT with a friendly ROLLBACK.
      const { command } = await client.query('commit')
      if (command !== 'COMMIT') throw new ScrimError('INTERNAL', { path: 'postgres' })
      isDone = true
      return result
    } catch (error) {
      throw postgresError(error)
    } finally {
      client.off('error', ignore)
      // Closing the connection rolls back, also when the connection does not answer any more.
      client.release(!isDone)
    }
  }

  async function listen(channel: string, heard: () => void, signal: AbortSignal): Promise<void> {
    const client = new pg.Client(settings)
    client.on('error', ignore)
    const { promise: over, resolve, reject } = Promise.withResolvers<void>()
    client.once('end', () => reject(new ScrimError('POSTGRES_UNAVAILABLE', { path: 'connection lost' })))
    over.catch(ignore) // may be settled before anybody waits for it
    const stop = () => resolve()
    signal.addEventListener('abort', stop, { once: true })
    let check: NodeJS.Timeout | undefined
    try {
      await client.connect()
      await client.query(`listen ${pg.escapeIdentifier(channel)}`)
      client.on('notification', heard)
      // A connection on which nothing is ever sent does not notice that the other end is gone.
      check = setInterval(() => client.query('select').catch(reject), LISTEN_CHECK_MS)
      if (signal.aborted) return
      heard()
      await over
    } catch (error) {
      throw postgresError(error)
    } finally {
      clearInterval(check)
      signal.removeEventListener('abort', stop)
      client.removeListener('notification', heard)
      await client.end().catch(ignore)
    }
  }

  const query = queryOn(pool)
  return {
    query,
    transaction,
    listen,
    ping: async () => {
      await query({ text: 'select' })
    },
    end: () => (ended ??= pool.end().catch(error => Promise.reject(postgresError(error)))),
  }
}

function ignore(): void {}
