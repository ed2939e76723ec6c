import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { findProcess, processTree } from '../../../compose/stack/process-table.ts'
import { startStack } from '../../../compose/stack/stack.ts'
import { connectorStatus, deleteConnector, putConnector } from './connectors.ts'
import { asCertificate, asUser, createTopic, kafkaClient, produce, readTopic } from './kafka-clients.ts'
import { describeWithOwnStack, describeWithStack, freshDatabase, freshPrefix } from './require-stack.ts'
import { until } from './until.ts'

const values = (records: { value: Buffer | null }[]) => records.map(({ value }) => String(value))

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {}) // the server is ended on purpose
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end().catch(() => {})
  }
}

describeWithStack('the shared stack', stack => {
  const database = freshDatabase(stack.postgres)
  const prefix = freshPrefix()

  test('a topic is read to its end, over all partitions and the markers of transactions', async () => {
    const kafka = kafkaClient(stack.brokers)
    const topic = `${prefix}.transactions`
    await createTopic(kafka, topic, { numPartitions: 3 })
    await produce(
      kafka,
      topic,
      [0, 1, 2].map(partition => ({ partition, value: `plain ${partition}` })),
    )
    const producer = kafka.producer({ transactionalId: prefix, idempotent: true, maxInFlightRequests: 1 })
    await producer.connect()
    for (const end of ['commit', 'abort'] as const) {
      const transaction = await producer.transaction()
      await transaction.send({ topic, messages: [{ partition: 0, value: end }] })
      await transaction[end]()
    }
    await producer.disconnect()
    expect(values(await readTopic(kafka, topic))).toEqual(['plain 0', 'commit', 'plain 1', 'plain 2'])
  })

  test('Debezium reads a table into a topic', async () => {
    await query(database.url, `create table t (id int primary key); insert into t values (7)`)
    await putConnector(stack.connectUrl, prefix, {
      'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
      'plugin.name': 'pgoutput',
      'topic.prefix': prefix,
      'slot.name': prefix,
      'publication.name': prefix,
      'database.hostname': stack.postgres.host,
      'database.port': String(stack.postgres.port),
      'database.user': stack.postgres.user,
      'database.password': stack.postgres.password,
      'database.dbname': database.name,
      'table.include.list': 'public.t',
    })
    const kafka = kafkaClient(stack.brokers)
    const [record] = await until('the row to arrive', async () => {
      const records = await readTopic(kafka, `${prefix}.public.t`)
      return records.length > 0 && records
    })
    expect(JSON.parse(String(record?.value)).payload.after).toEqual({ id: 7 })
    await deleteConnector(stack.connectUrl, prefix)
    expect(await connectorStatus(stack.connectUrl, prefix)).toBeUndefined()
  })
})

const oneBroker = { brokers: 1, connect: false, secure: false, databases: ['kept'] } as const

describeWithOwnStack('outages', oneBroker, stack => {
  beforeAll(() => createTopic(kafkaClient(stack().brokers), 'kept'))

  test('a broker that was killed comes back on its port with its data', async () => {
    const kafka = kafkaClient(stack().brokers)
    await produce(kafka, 'kept', [{ value: 'before' }])
    const { pid } = stack().broker(1)
    await stack().broker(1).kill()
    expect(stack().broker(1).pid).toBeUndefined()
    await stack().broker(1).start()
    expect(stack().broker(1).pid).not.toBe(pid)
    await produce(kafka, 'kept', [{ value: 'after' }])
    expect(values(await readTopic(kafka, 'kept'))).toEqual(['before', 'after'])
  })

  test('a frozen broker keeps its clients waiting and answers them after the thaw', async () => {
    const admin = kafkaClient(stack().brokers).admin()
    await admin.connect()
    stack().broker(1).freeze()
    let isAnswered = false
    const answer = admin.listTopics().then(topics => {
      isAnswered = true
      return topics
    })
    const { pid = 0 } = stack().broker(1)
    await until('the kernel to stop it', () => processTree(pid).every(({ isStopped }) => isStopped))
    expect(isAnswered).toBe(false)
    stack().broker(1).thaw()
    expect(await answer).toContain('kept')
    await admin.disconnect()
  })

  const ways = ['stop', 'kill'] as const
  test.each(ways)('Postgres keeps its rows and its port through %s and start', async way => {
    const url = stack().postgres.url('kept')
    const { postgresProcess } = stack()
    await query(url, `create table ${way} (id int); insert into ${way} values (1)`)
    await postgresProcess[way]()
    await expect(query(url, 'select 1')).rejects.toThrow(/ECONNREFUSED/)
    await postgresProcess.start()
    expect(await query(url, `select id from ${way}`)).toEqual([{ id: 1 }])
  })

  test('another role comes in, and may do only what it was granted', async () => {
    const { postgres } = stack()
    await query(postgres.url('kept'), 'create role clerk login; create table secret (id int)')
    const asClerk = postgres.url('kept').replace('postgres:postgres@', 'clerk:any@')
    expect(await query(asClerk, 'select current_user as who')).toEqual([{ who: 'clerk' }])
    await expect(query(asClerk, 'select * from secret')).rejects.toThrow(/permission denied/)
  })
})

describeWithOwnStack('a secure stack', { ...oneBroker, secure: true }, stack => {
  const security = () => stack().security ?? expect.fail('not secure')
  beforeAll(async () => {
    const { brokers } = stack()
    await createTopic(kafkaClient(brokers, asUser(security(), 'admin', 'scram-sha-512')), 'raw')
  })

  test.each(['plain', 'scram-sha-256', 'scram-sha-512'] as const)(
    '%s: admin may write, scrim may not',
    async mechanism => {
      const { brokers } = stack()
      await produce(kafkaClient(brokers, asUser(security(), 'admin', mechanism)), 'raw', [{ value: mechanism }])
      const scrim = kafkaClient(brokers, asUser(security(), 'scrim', mechanism))
      await expect(produce(scrim, 'raw', [{ value: 'x' }])).rejects.toThrow(/authoriz/i)
    },
  )

  test('a wrong password is refused', async () => {
    const { sasl, ...settings } = asUser(security(), 'scrim', 'plain')
    const wrong = { mechanism: 'plain', username: 'scrim', password: 'wrong' } as const
    const admin = kafkaClient(stack().brokers, { ...settings, sasl: wrong, retry: { retries: 0 } }).admin()
    await expect(admin.connect()).rejects.toThrow(/authentication failed/i)
    expect(sasl).not.toEqual(wrong)
  })

  test('a client with a certificate comes in under its name, and one without does not', async () => {
    const { mtls } = security()
    const { ssl } = asCertificate(security())
    const admin = kafkaClient(stack().internalBrokers).admin()
    await admin.connect()
    // 2 topic, 3 literal, 4 write, 3 allow: kafkajs' enums are not erasable, and are numbers underneath.
    const toTopic = { resourceType: 2, resourceName: 'raw', resourcePatternType: 3, host: '*', permissionType: 3 }
    await admin.createAcls({ acl: [{ ...toTopic, principal: mtls.principal, operation: 4 }] })
    await admin.disconnect()
    await produce(kafkaClient(mtls.bootstrap, { ssl: ssl ?? true }), 'raw', [{ value: 'by certificate' }])
    const { ca } = ssl as { ca: string[] }
    const nobody = kafkaClient(mtls.bootstrap, { ssl: { ca }, retry: { retries: 0 } })
    await expect(produce(nobody, 'raw', [{ value: 'x' }])).rejects.toThrow()
    expect(values(await readTopic(kafkaClient(stack().internalBrokers), 'raw'))).toContain('by certificate')
  })
})

describeWithStack('nothing is left', () => {
  const isGone = (dir: string, pids: number[]) => !existsSync(dir) && pids.every(pid => findProcess(pid) === undefined)

  test('after stop', async () => {
    const stack = await startStack(oneBroker)
    const pids = stack.parts.flatMap(({ pid }) => processTree(pid ?? 0).map(row => row.pid))
    expect(pids.length).toBeGreaterThan(3)
    await stack.stop()
    expect(isGone(stack.dir, pids)).toBe(true)
  }, 60_000)

  test('after a start that was called off', async () => {
    const stop = new AbortController()
    const children = () => processTree(process.pid).length
    const before = children()
    const started = startStack({
      ...oneBroker,
      signal: stop.signal,
      progress: ({ kind }) => {
        expect(children()).toBeGreaterThan(before)
        if (kind === 'ready') stop.abort()
      },
    })
    await expect(started).rejects.toThrow(/abort/i)
    expect(children()).toBe(before)
  }, 60_000)

  const ends = [
    ['kill -9 of the process that started it', 'wait', 'SIGKILL'],
    ['kill -9 while all parts are frozen', 'frozen', 'SIGKILL'],
    ['Ctrl-C', 'wait', 'SIGINT'],
    ['an exception', 'throw', undefined],
    ['process.exit', 'exit', undefined],
  ] as const
  test.each(ends)(
    'after %s',
    async (_name, how, signal) => {
      const script = fileURLToPath(new URL('doomed-parent.ts', import.meta.url))
      const parent = spawn(process.execPath, [script, how], { stdio: ['ignore', 'pipe', 'ignore'] })
      const lines = createInterface({ input: parent.stdout })[Symbol.asyncIterator]()
      const { dir, pids } = JSON.parse((await lines.next()).value ?? '') as { dir: string; pids: number[] }
      expect(pids).toHaveLength(2)
      if (signal) parent.kill(signal)
      await until('all to be gone', () => isGone(dir, pids), 10_000)
    },
    60_000,
  )
})

describe('until', () => {
  test('tells what it waited for, and the last error', async () => {
    const wait = until('rain', () => Promise.reject(new Error('dry')), 20)
    await expect(wait).rejects.toThrow('waited 20 ms for rain: dry')
  })
})
