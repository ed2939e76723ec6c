import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { createPool, type Database } from '../../../src/adapters/postgres/pool.ts'
import { describeWithPostgres } from '../../support/stack/require-stack.ts'
import { until } from '../../support/stack/until.ts'
import { rolesAndDatabase } from './migrated-database.ts'

describeWithPostgres('the pool', postgres => {
  const database = rolesAndDatabase(postgres)
  const backends = (name: string) =>
    database.asOwner('select pid from pg_stat_activity where application_name = $1', [name])

  const failing: [where: string, run: (database: Database) => Promise<unknown>][] = [
    ['a parameter', pool => pool.query({ text: 'select $1::integer' }, ['canary-7f3a'])],
    ['a named statement', pool => pool.query({ name: 'n', text: 'select $1::uuid' }, ['canary-7f3a'])],
    ['the text', pool => pool.query({ text: `select 'canary-7f3a'::integer` })],
    [
      'a row that breaks a rule',
      pool => pool.query({ text: `create temp table t (c text check (c = '')); insert into t values ('canary-7f3a')` }),
    ],
    [
      'an exception of a function',
      pool =>
        pool.query({
          text: `do $$ begin raise 'canary-7f3a' using detail = 'canary-7f3a', hint = 'canary-7f3a'; end $$`,
        }),
    ],
    ['a transaction', pool => pool.transaction(query => query({ text: 'select $1::integer' }, ['canary-7f3a']))],
  ]
  test.each(failing)('a value that a failing statement has in %s is in no error', async (_where, run) => {
    const error = await run(database.open()).then(
      () => expect.fail('did not fail'),
      error => error,
    )
    expect(error.name).toBe('ScrimError')
    expect(`${error.stack} ${JSON.stringify(error)} ${inspect(error, { depth: 9, showHidden: true })}`).not.toContain(
      'canary',
    )
  })

  test('a transaction is done whole or not at all, and its connection is not used again after a failure', async () => {
    const pool = createPool(database.ownerUrl, { applicationName: 'whole', max: 1 })
    await pool.query({ text: 'create table whole (a integer)' })
    const failed = pool.transaction(async query => {
      await query({ text: 'insert into whole values (1)' })
      throw new Error('of the caller')
    })
    await expect(failed).rejects.toMatchObject({ code: 'INTERNAL' })
    await pool.transaction(query => query({ text: 'insert into whole values (2)' }))
    expect(await pool.query({ text: 'select a from whole' })).toEqual([{ a: 2 }])
    await pool.end()
  })

  test('a failure that the caller swallowed does not pass for a commit', async () => {
    const pool = database.open()
    const done = pool.transaction(query => query({ text: 'select 1/0' }).catch(() => []))
    await expect(done).rejects.toMatchObject({ code: 'INTERNAL' })
  })

  test('connections that are cut, idle or at work, do not end the process, and the next statement connects anew', async () => {
    const pool = database.open({ applicationName: 'cut', max: 2 })
    // By the role itself: only it and a superuser may. Then time for the news to arrive while nobody uses the connection.
    const cut = async () => {
      const [backend] = await until('a backend', async () => backends('cut').then(rows => rows.length > 0 && rows))
      await database.open().query({ text: 'select pg_terminate_backend($1)' }, [backend?.pid])
      await until('it to be gone', async () => (await backends('cut')).every(({ pid }) => pid !== backend?.pid))
    }
    await pool.ping()
    await cut()
    await until('the pool to connect anew', () => pool.ping().then(() => true))
    const asleep = expect(pool.query({ text: 'select pg_sleep(60)' })).rejects.toMatchObject({
      code: 'POSTGRES_UNAVAILABLE',
    })
    await cut()
    await asleep
    const inTransaction = pool.transaction(async query => {
      await cut()
      await query({ text: 'select 1' })
    })
    await expect(inTransaction).rejects.toMatchObject({ code: 'POSTGRES_UNAVAILABLE' })
    await pool.ping()
  })

  test('a statement is not waited for without end', async () => {
    const pool = database.open({ statementTimeoutMs: 50 })
    await expect(pool.query({ text: 'select pg_sleep(60)' })).rejects.toMatchObject({
      code: 'POSTGRES_UNAVAILABLE',
      where: { path: 'SQLSTATE 57014' },
    })
  })

  test('nor is a free connection', async () => {
    const pool = database.open({ max: 1, connectionTimeoutMs: 50 })
    await pool.transaction(async () => {
      await expect(pool.ping()).rejects.toMatchObject({ code: 'POSTGRES_UNAVAILABLE' })
    })
  })

  test('nobody there is an error of the first statement only', async () => {
    const pool = createPool('postgres://nobody@127.0.0.1:1/none', { applicationName: 'x' })
    await expect(pool.ping()).rejects.toMatchObject({ code: 'POSTGRES_UNAVAILABLE', where: { path: 'ECONNREFUSED' } })
    await expect(pool.transaction(async () => {})).rejects.toMatchObject({ code: 'POSTGRES_UNAVAILABLE' })
    await expect(pool.listen('c', () => {}, new AbortController().signal)).rejects.toMatchObject({
      code: 'POSTGRES_UNAVAILABLE',
    })
    await pool.end()
  })

  test('a database that is not there is told from one that is away', async () => {
    const pool = createPool(database.serviceUrl.replace(/[^/]*$/, 'not_there'), { applicationName: 'x' })
    await expect(pool.ping()).rejects.toMatchObject({
      code: 'POSTGRES_NOT_AUTHORISED',
      where: { path: 'SQLSTATE 3D000' },
    })
    await pool.end()
  })

  test('it may be ended twice, and leaves no connection', async () => {
    const pool = createPool(database.serviceUrl, { applicationName: 'ended' })
    await Promise.all([pool.ping(), pool.ping()])
    await Promise.all([pool.end(), pool.end()])
    await until('the backends to be gone', async () => (await backends('ended')).length === 0)
    await expect(pool.ping()).rejects.toMatchObject({ code: 'POSTGRES_UNAVAILABLE' })
  })
})
