import { describe, expect, test } from 'vitest'
import { migrate, missingMigrations, requireMigrations, roleOf } from '../../../src/adapters/postgres/migrate.ts'
import { readMigrations } from '../../../src/adapters/postgres/migrations.ts'
import { describeWithPostgres } from '../../support/stack/require-stack.ts'
import { asRole, migratedDatabase, rolesAndDatabase } from './migrated-database.ts'

const all = (await readMigrations()).map(({ file }) => file)

describeWithPostgres('migrations', postgres => {
  const database = rolesAndDatabase(postgres)
  const how = () => ({ url: database.ownerUrl, serviceRole: database.serviceRole })

  test('a database without tables says which files it lacks', async () => {
    expect(await missingMigrations(database.open())).toEqual(all)
    await expect(requireMigrations(database.open())).rejects.toMatchObject({
      code: 'POSTGRES_NOT_MIGRATED',
      where: { path: all.join(', ') },
    })
  })

  test('of instances that start at once one applies them, and the others find them there', async () => {
    const applied = await Promise.all([1, 2, 3, 4].map(() => migrate(how())))
    expect(applied.flat()).toEqual(all)
    expect(await missingMigrations(database.open())).toEqual([])
    await requireMigrations(database.open())
    expect(await migrate(how())).toEqual([])
  })

  test('a file that was edited after it was applied is refused, and nothing is applied', async () => {
    const migrations = await readMigrations()
    const edited = migrations.map(one => (one.file === all[1] ? { ...one, digest: 'f'.repeat(64) } : one))
    const more = [...edited, { file: '999-more.sql', sql: 'create table more ()', digest: 'a' }]
    const refused = { code: 'POSTGRES_NOT_MIGRATED', where: { path: all[1] } }
    await expect(migrate({ ...how(), migrations: more })).rejects.toMatchObject(refused)
    expect(await missingMigrations(database.open(), edited)).toEqual([all[1]])
    expect(await database.asOwner(`select to_regclass('more') as more`)).toEqual([{ more: null }])
  })

  test('a file that comes before one that was applied is refused', async () => {
    const migrations = [{ file: '000-late.sql', sql: 'create table late ()', digest: 'a' }, ...(await readMigrations())]
    await expect(migrate({ ...how(), migrations })).rejects.toMatchObject({ where: { path: '000-late.sql' } })
  })

  test('a file that fails takes the whole run back, and its name and SQLSTATE are all that is told', async () => {
    const migrations = [
      ...(await readMigrations()),
      { file: '998-good.sql', sql: 'create table good ()', digest: 'a' },
      { file: '999-bad.sql', sql: `select 'canary-7f3a'::integer`, digest: 'b' },
    ]
    const error = await migrate({ ...how(), migrations }).catch(error => error)
    expect(error).toMatchObject({ code: 'INTERNAL', where: { path: '999-bad.sql SQLSTATE 22P02' } })
    expect(`${error.stack} ${JSON.stringify(error)}`).not.toContain('canary')
    expect(await database.asOwner(`select to_regclass('good') as good`)).toEqual([{ good: null }])
  })

  test('a service role that does not exist is named as the reason', async () => {
    await expect(migrate({ ...how(), serviceRole: 'nobody_there' })).rejects.toMatchObject({
      code: 'POSTGRES_NOT_AUTHORISED',
      where: { path: 'service role' },
    })
  })

  test('the role is read from the URL', () => {
    expect(roleOf('postgres://clerk:secret@db:5432/x')).toBe('clerk')
  })
})

describeWithPostgres('the tables of the strategy document', postgres => {
  const database = migratedDatabase(postgres)
  const columnsOf = async (table: string) => {
    const rows = await database.asOwner(
      `select column_name, data_type || coalesce('(' || character_maximum_length || ')', '') as type
        from information_schema.columns where table_name = $1 and table_schema = 'public'`,
      [table],
    )
    return Object.fromEntries(rows.map(row => [row.column_name, row.type]))
  }

  test('cdc_audit_log has their columns', async () => {
    expect(await columnsOf('cdc_audit_log')).toMatchObject({
      audit_id: 'bigint',
      event_type: 'character varying(50)',
      source_system: 'character varying(50)',
      target_system: 'character varying(50)',
      table_name: 'character varying(100)',
      record_id: 'uuid',
      operation: 'character varying(10)',
      masked_fields: 'ARRAY',
      timestamp: 'timestamp with time zone',
      user_id: 'character varying(100)',
      details: 'jsonb',
    })
  })

  test('cdc_conflict_resolution has their columns and the index of open conflicts', async () => {
    expect(await columnsOf('cdc_conflict_resolution')).toEqual({
      conflict_id: 'bigint',
      table_name: 'character varying(100)',
      record_id: 'uuid',
      source_system: 'character varying(50)',
      conflict_type: 'character varying(50)',
      warehouse_value: 'jsonb',
      citizen_value: 'jsonb',
      detected_at: 'timestamp with time zone',
      resolved_by: 'character varying(100)',
      resolved_at: 'timestamp with time zone',
      resolution_action: 'character varying(50)',
      resolution_notes: 'text',
    })
    const [index] = await database.asOwner(
      `select indexdef from pg_indexes where indexname = 'idx_conflict_resolution_unresolved'`,
    )
    expect(index?.indexdef).toContain('WHERE (resolved_at IS NULL)')
  })
})

describeWithPostgres('the service role', postgres => {
  const database = migratedDatabase(postgres)
  const refused: [what: string, sql: string][] = [
    ['create a table', 'create table mine ()'],
    ['create a function', `create function mine() returns int language sql as 'select 1'`],
    ['alter a table', 'alter table cdc_audit_log add column mine int'],
    ['drop a table', 'drop table scrim_dead_letter'],
    ['truncate a table', 'truncate scrim_dead_letter'],
    ['change an audit row', `update cdc_audit_log set user_id = 'me'`],
    ['remove an audit row', 'delete from cdc_audit_log'],
    ['change an audit row in its partition', `update cdc_audit_log_default set user_id = 'me'`],
    ['read around the parent table', 'select * from cdc_audit_log_default'],
    ['change a seal', 'update cdc_audit_seal set rows = 0'],
    ['remove a seal', 'delete from cdc_audit_seal'],
    ['turn the seal numbers back', `select setval('cdc_audit_seal_id', 1)`],
    ['change a policy version', `update scrim_policy_version set author = 'me'`],
    ['remove a policy version', 'delete from scrim_policy_version'],
    ['remove a pin', 'delete from scrim_policy_pin'],
    ['remove a dead letter', 'delete from scrim_dead_letter'],
    ['give a dead letter another place', 'update scrim_dead_letter set topic_offset = 1'],
    ['change a conflict', `update cdc_conflict_resolution set warehouse_value = '{}'`],
    ['change a seen schema', `update scrim_seen_schema set bytes = ''`],
    ['change a published key', `update scrim_published_key set key_check = ''`],
    ['remove a published key', 'delete from scrim_published_key'],
    ['pretend a migration', `insert into scrim_migrations (file, digest) values ('x', 'y')`],
    ['change a call', `update scrim_call set caller = 'me'`],
    ['remove a call', 'delete from scrim_call'],
    ['read the tables of others', 'select * from others'],
    ['read the passwords', 'select * from pg_authid'],
    ['become the owner', 'set role pg_database_owner'],
  ]
  test.each(refused)('may not %s', async (_what, sql) => {
    await database.asOwner('create table if not exists others (secret text)')
    await expect(asRole(database.serviceUrl, sql)).rejects.toMatchObject({ code: '42501' })
  })

  test('loses what it was given by somebody else on these tables', async () => {
    await database.asOwner(`grant update, delete on cdc_audit_log to ${database.serviceRole}`)
    await asRole(database.serviceUrl, 'delete from cdc_audit_log')
    await migrate({ url: database.ownerUrl, serviceRole: database.serviceRole })
    await expect(asRole(database.serviceUrl, 'delete from cdc_audit_log')).rejects.toMatchObject({ code: '42501' })
  })

  test('gets no partition out of the window, so that odd timestamps cannot make tables without end', async () => {
    const ask = (at: string) => asRole(database.serviceUrl, 'select scrim_audit_partition($1) as made', [at])
    for (const at of ['1969-12-31', '0001-01-01', '9999-12-31', 'infinity', '-infinity'])
      expect(await ask(at)).toEqual([{ made: false }])
    expect(await ask('now')).toEqual([{ made: true }])
  })

  test('cannot lead the owner astray with tables of its own', async () => {
    const client = `create temp table cdc_audit_log (a int);
      create function pg_temp.to_char(timestamptz, text) returns text language sql as $$ select 'stolen' $$;
      select scrim_audit_partition(now() - interval '13 months') as made`
    await asRole(database.serviceUrl, client)
    const partitions = await database.asOwner(
      `select relname from pg_inherits join pg_class on oid = inhrelid where inhparent = 'public.cdc_audit_log'::regclass`,
    )
    expect(partitions.map(({ relname }) => relname)).not.toContain('stolen')
    expect(partitions).toHaveLength(5)
  })
})

describe('the files', () => {
  test('are numbered without gaps', () => {
    expect(all.map(file => Number(file.slice(0, 3)))).toEqual(all.map((_, at) => at + 1))
  })
})
