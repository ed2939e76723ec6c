import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createSchemaStore } from '../../src/adapters/postgres/schema-store.ts'
import { check, checkOptions } from '../../src/commands/check.ts'
import type { CheckReport } from '../../src/commands/check/report.ts'
import { scrubSchema } from '../../src/policy/scrub-schema.ts'
import { auditKey, auditRows, trailOn } from '../adapters/postgres/audit-samples.ts'
import { asRole, migratedDatabase, rolesAndDatabase } from '../adapters/postgres/migrated-database.ts'
import { createCollectingTerminal } from '../support/collecting-terminal.ts'
import { aKey, aString, envelopeSchema } from '../support/schema-records.ts'
import { deleteConnector, putConnector } from '../support/stack/connectors.ts'
import { describeWithPostgres, describeWithStack, freshPrefix } from '../support/stack/require-stack.ts'

const password = 'Kaveri0987'

/** Policies over these topics that leave all columns to the schema. */
async function policiesFor(dir: string, topics: readonly string[], conditions: readonly object[] = []): Promise<void> {
  const policy = { name: 'p', resources: { topic: topics }, maskingPolicy: { maskingConditions: conditions } }
  await writeFile(join(dir, 'policy.json'), JSON.stringify(policy))
}

async function run(dir: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const terminal = createCollectingTerminal({ SCRIM_POLICIES: dir, ...env })
  const parsed = parseArgs({ args: [...args, '--json'], options: checkOptions, allowPositionals: true })
  const code = await check(parsed, terminal)
  const { out, err } = terminal.said()
  expect(out + err).not.toContain(password)
  const report = JSON.parse(out) as CheckReport
  return { code, report, told: report.findings.map(({ code: found, where }) => `${found} at ${where}`) }
}

function folder(): () => string {
  let dir = ''
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'scrim-check-'))
  })
  afterAll(() => rm(dir, { recursive: true }))
  return () => dir
}

describeWithPostgres('scrim check --source', postgres => {
  const database = rolesAndDatabase(postgres)
  const dir = folder()

  beforeAll(() =>
    database.asOwner(`
      create schema shop;
      create table public.people (id bigint primary key, bio text, short varchar(20), amount numeric(12,2), any_number numeric, twice bigint generated always as (id * 2) stored);
      create table public.whole (id bigint primary key, bio text);
      alter table public.whole replica identity full;
      create table public.keyless (a text);
      create table public.keyless_full (a text);
      alter table public.keyless_full replica identity full;
      create table public.by_index (id bigint primary key, a int not null unique);
      alter table public.by_index replica identity using index by_index_a_key;
      create table public.parted (id bigint primary key) partition by range (id);
      create table public.parted_1 partition of public.parted for values from (0) to (10);
      create table shop.hidden (id bigint primary key);
      create table public.unnamed (id bigint primary key);
      create table public.unpublished (id bigint primary key);
      alter table public.unpublished replica identity full;
      create publication p for table public.people, public.whole, public.keyless_full, public.by_index, public.parted, shop.hidden, public.unnamed;
      create publication only_inserts for table public.keyless with (publish = 'insert');
      grant usage on schema public to ${database.serviceRole};
      grant select on all tables in schema public to ${database.serviceRole};
    `),
  )

  const topics = ['people', 'whole', 'keyless', 'keyless_full', 'by_index', 'parted', 'unpublished', 'elsewhere'].map(
    name => `x.public.${name}`,
  )

  test('each table that policies name is told by what its catalogue says', async () => {
    await policiesFor(dir(), [...topics, 'x.hidden'])
    const { code, report, told } = await run(dir(), ['--source', database.serviceUrl])
    expect(code).toBe(1)
    const ofTables = told.filter(found => !/ at (server|role |slot )/.test(found))
    expect(ofTables.sort()).toEqual(
      [
        'SOURCE_BEFORE_FICTION at table public.parted',
        'SOURCE_BEFORE_FICTION at table public.people',
        'SOURCE_BEFORE_FICTION at table shop.hidden',
        'SOURCE_GENERATED at table public.people',
        'SOURCE_IDENTITY_KEY at table public.by_index',
        'SOURCE_NOT_PUBLISHED at table public.unpublished',
        'SOURCE_NO_IDENTITY at table public.keyless',
        'SOURCE_NO_KEY at table public.keyless_full',
        'SOURCE_NO_TABLE at x.public.elsewhere',
        'SOURCE_PARTITIONS at table public.parted',
        'SOURCE_PUBLISHES_PART at table public.keyless',
        'SOURCE_SELECT at table shop.hidden',
        'SOURCE_TOAST at table public.keyless',
        'SOURCE_TOAST at table public.people',
        'SOURCE_TOAST_NULL at table public.people',
      ].sort(),
    )
    expect(
      report.findings.find(({ code: found, where }) => found === 'SOURCE_TOAST' && where === 'table public.people')
        ?.message,
    ).toMatch(/: bio, short$/)
    expect(told).toContain(`SOURCE_ROLE at role ${database.serviceRole}`)
    expect(told).toContain('SOURCE_WAL_UNBOUNDED at server')
  })

  test('a slot that nobody reads is told', async () => {
    await policiesFor(dir(), ['x.public.whole'])
    const slot = freshPrefix()
    await asRole(adminUrl(), `select pg_create_logical_replication_slot('${slot}', 'pgoutput')`)
    try {
      expect((await run(dir(), ['--source', database.serviceUrl])).told).toContain(
        `SOURCE_SLOT_INACTIVE at slot ${slot}`,
      )
    } finally {
      await asRole(adminUrl(), `select pg_drop_replication_slot('${slot}')`)
    }
  })

  test('a role that may replicate and reads a good table has nothing against it but the server', async () => {
    await policiesFor(dir(), ['x.public.whole'])
    const { code, told } = await run(dir(), ['--source', adminUrl()])
    expect(code).toBe(0)
    expect(told.filter(found => !/ at (server|slot )/.test(found))).toEqual([])
  })

  test('a source that is away is a finding', async () => {
    await policiesFor(dir(), ['x.public.whole'])
    const { code, told } = await run(dir(), ['--source', `postgres://someone:${password}@127.0.0.1:1/none`])
    expect(code).toBe(1)
    expect(told).toEqual(['POSTGRES_UNAVAILABLE at source database ECONNREFUSED'])
  })

  /** The database as the cluster's superuser. */
  function adminUrl(): string {
    const url = new URL(database.ownerUrl)
    url.username = postgres.user
    url.password = postgres.password
    return url.href
  }
})

describeWithPostgres('scrim check --stored', postgres => {
  const database = migratedDatabase(postgres)
  const dir = folder()
  const topic = 'x.public.people'
  const email = { field: 'email', maskType: 'email' }

  beforeAll(async () => {
    const store = createSchemaStore({ database: database.open() })
    const block = (schema: unknown) => scrubSchema(Buffer.from(JSON.stringify(schema)))
    await store.remember(topic, 'key', block({ type: 'struct', fields: [aKey()], optional: false, name: 'k' }))
    await store.remember(topic, 'value', block(envelopeSchema(topic, [aKey(), aString('email'), aString('city')])))
  })

  const stored = (args: readonly string[] = []) =>
    run(dir(), ['--stored', ...args], { SCRIM_DATABASE_URL: database.serviceUrl })

  test('policies are held against the schemas last seen, and these can be accepted', async () => {
    await policiesFor(dir(), [topic], [email])
    const before = await stored()
    expect(before.code).toBe(1)
    expect(before.told).toEqual([
      `RECORD_UNKNOWN_COLUMN at ${topic} after.city`,
      `RECORD_UNKNOWN_COLUMN at ${topic} after.id`,
      `RECORD_UNKNOWN_COLUMN at ${topic} key.id`,
    ])
    const accepting = await stored(['--accept-schema'])
    expect(accepting.code).toBe(0)
    expect(accepting.report.accepted).toMatchObject([{ topic, inClear: [{ column: 'id' }, { column: 'city' }] }])
    expect((await stored()).code).toBe(0)
  })

  test('a store that is away is a finding', async () => {
    await policiesFor(dir(), [topic], [email])
    const { code, told } = await run(dir(), ['--stored'], {
      SCRIM_DATABASE_URL: `postgres://a:${password}@127.0.0.1:1/none`,
    })
    expect(code).toBe(1)
    expect(told).toContain('POSTGRES_UNAVAILABLE at stored schemas ECONNREFUSED')
  })
})

describeWithStack('scrim check --connect', ({ connectUrl, postgres }) => {
  const dir = folder()
  const prefix = freshPrefix()
  const sink = `${prefix}-sink`

  describe('over a real Connect', () => {
    afterAll(() => deleteConnector(connectUrl, sink))

    test('the settings of its connectors are told by name, secrets never', async () => {
      const url = `jdbc:postgresql://${postgres.host}:${postgres.port}/postgres`
      await putConnector(connectUrl, sink, {
        'connector.class': 'io.debezium.connector.jdbc.JdbcSinkConnector',
        topics: `${prefix}.public.people`,
        'connection.url': url,
        'connection.username': postgres.user,
        'connection.password': password,
        'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
        'value.converter.schemas.enable': 'false',
      })
      await policiesFor(dir(), [`${prefix}.public.*`])
      const { code, told } = await run(dir(), ['--connect', connectUrl])
      expect(code).toBe(1)
      const ours = told.filter(found => found.includes(`connector ${sink},`))
      expect(ours).toEqual(
        expect.arrayContaining([
          `CONNECTOR_READS_RAW at connector ${sink}, ${prefix}.public.people`,
          `CONNECTOR_SCHEMALESS at connector ${sink}, value.converter.schemas.enable`,
          `CONNECTOR_SECRET_IN_CLEAR at connector ${sink}, connection.password`,
        ]),
      )
    })

    test('a Connect that is away is a finding', async () => {
      await policiesFor(dir(), [`${prefix}.public.*`])
      const { code, told } = await run(dir(), ['--connect', 'http://127.0.0.1:1'])
      expect(code).toBe(1)
      expect(told[0]).toMatch(/^CONNECT_UNAVAILABLE at Kafka Connect/)
    })
  })
})

describeWithPostgres('scrim check --audit', postgres => {
  const database = migratedDatabase(postgres)
  const dir = folder()
  beforeAll(() => policiesFor(dir(), ['raw.a'], [{ field: 'after.id', maskType: 'none' }]))
  const env = { SCRIM_AUDIT_KEY: auditKey.export().toString('hex') }
  const audit = (args: readonly string[] = [], more: NodeJS.ProcessEnv = {}) =>
    run(dir(), ['--audit', ...args], { SCRIM_DATABASE_URL: database.serviceUrl, ...env, ...more })
  const headOf = ({ findings }: CheckReport) =>
    /head is (\d+:[0-9a-f]{64})/.exec(findings.at(-1)?.message ?? '')?.[1] ?? ''

  test('an untouched trail is in order, a changed or a cut-off one is not', async () => {
    const trail = trailOn(database.open())
    for (const topic of ['a', 'b']) await trail.write(auditRows(2, { topic }))
    const first = await audit()
    expect([first.code, first.told]).toEqual([0, ['AUDIT_CHECKED at audit trail']])
    expect(first.report.findings[0]?.message).toMatch(/^2 seals over 4 rows were looked at; the head is 2:/)
    expect((await audit(['--audit-head', headOf(first.report)])).code).toBe(0)

    const other = await audit([], { SCRIM_AUDIT_KEY: 'a'.repeat(64) })
    expect([other.code, other.told.slice(0, 2)]).toEqual([
      1,
      ['AUDIT_OTHER_KEY at seal 1', 'AUDIT_OTHER_KEY at seal 2'],
    ])

    await database.asOwner(`delete from cdc_audit_log where topic = 'b'; delete from cdc_audit_seal where position = 2`)
    expect((await audit()).code).toBe(0)
    const cut = await audit(['--audit-head', headOf(first.report)])
    expect([cut.code, cut.told]).toEqual([1, ['AUDIT_END_REMOVED at seal 2', 'AUDIT_CHECKED at audit trail']])

    await database.asOwner(`update cdc_audit_log set user_id = 'somebody' where topic_offset = 0`)
    expect((await audit()).told).toContain('AUDIT_ROWS_CHANGED at seal 1')
  })

  test('a database that is away, a head that is none, a missing key', async () => {
    const away = await audit([], { SCRIM_DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' })
    expect([away.code, away.told]).toEqual([1, ['POSTGRES_UNAVAILABLE at audit trail ECONNREFUSED']])
    const keyless = await audit([], { SCRIM_AUDIT_KEY: '' })
    expect([keyless.code, keyless.told]).toEqual([1, ['CONFIG_INVALID at audit trail SCRIM_AUDIT_KEY']])
    for (const args of [['--audit', '--audit-head', 'x'], ['--audit-head', `1:${'0'.repeat(64)}`], ['--audit']]) {
      const terminal = createCollectingTerminal({ SCRIM_POLICIES: dir() })
      expect(await check(parseArgs({ args: [...args], options: checkOptions, allowPositionals: true }), terminal)).toBe(
        2,
      )
    }
  })
})
