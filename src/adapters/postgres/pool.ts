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
  /** How often a listening connection is asked whether it is still there. */
  readonly listenCheckMs?: number
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
  /** Calls back with the payload of each notification of the channel, and with null once when it listens. Resolves at the signal, rejects when the connection is lost. */
  readonly listen: (channel: string, heard: (payload: string | null) => void, signal: AbortSignal) => Promise<void>
  /** Resolves when Postgres answers; sooner than a statement it gives up waiting. */
  readonly ping: () => Promise<void>
  /** Ends all connections, and does not wait long for a server that hangs; a second call changes nothing. */
  readonly end: () => Promise<void>
}

const END_TIMEOUT_MS = 3_000

/** Connects on demand; a Postgres that is away is no error before the first statement. */
export function createPool(url: string, options: PoolOptions): Database {
  const { applicationName, max = 10, statementTimeoutMs = 30_000, connectionTimeoutMs = 5_000 } = options
  const { listenCheckMs = 15_000 } = options
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
  // pg reads the timeout from the statement too; only its types do not say so.
  const quickCheck = { text: 'select', query_timeout: connectionTimeoutMs }

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

  async function listen(channel: string, heard: (payload: string | null) => void, signal: AbortSignal): Promise<void> {
    const client = new pg.Client(settings)
    const onNotification = ({ payload = '' }: pg.Notification) => heard(payload)
    client.on('error', ignore)
    const { promise: over, resolve, reject } = Promise.withResolvers<void>()
    client.once('end', () => reject(new ScrimError('POSTGRES_UNAVAILABLE', { path: 'connection lost' })))
    over.catch(ignore) // may be settled before anybody waits for it
    const stop = () => resolve()
    signal.addEventListener('abort', stop, { once: true })
    let timer: NodeJS.Timeout | undefined
    let isOver = false
    // A connection on which nothing is ever sent does not notice that the other end is gone.
    const checkLater = () => {
      if (!isOver) timer = setTimeout(() => client.query(quickCheck).then(checkLater, reject), listenCheckMs)
    }
    try {
      await client.connect()
      await client.query(`listen ${pg.escapeIdentifier(channel)}`)
      client.on('notification', onNotification)
      checkLater()
      if (signal.aborted) return
      heard(null)
      await over
    } catch (error) {
      throw postgresError(error)
    } finally {
      isOver = true
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
      client.removeListener('notification', onNotification)
      await atMost(END_TIMEOUT_MS, client.end())
    }
  }

  const query = queryOn(pool)
  return {
    query,
    transaction,
    listen,
    ping: async () => {
      await query(quickCheck)
    },
    end: () => (ended ??= atMost(END_TIMEOUT_MS, pool.end())),
  }
}

/** Waits for what cannot fail in a way that anybody could mend, but not for ever. */
async function atMost(ms: number, ending: Promise<unknown>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  await Promise.race([ending.catch(ignore), late])
  clearTimeout(timer)
}

function ignore(): void {}
