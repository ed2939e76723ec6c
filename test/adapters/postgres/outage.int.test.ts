import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, expect, test } from 'vitest'
import { verifyAuditTrail } from '../../../src/adapters/postgres/audit-verify.ts'
import { migrate } from '../../../src/adapters/postgres/migrate.ts'
import { createPolicyStore } from '../../../src/adapters/postgres/policy-store.ts'
import { createPool } from '../../../src/adapters/postgres/pool.ts'
import { ScrimError } from '../../../src/errors.ts'
import { describeWithOwnStack } from '../../support/stack/require-stack.ts'
import { until } from '../../support/stack/until.ts'
import { auditKey, auditRows, trailOn } from './audit-samples.ts'
import { asRole } from './migrated-database.ts'

const BATCH = 500
const WRITERS = 4

const postgresOnly = { brokers: 0, connect: false, secure: false, databases: ['scrim'] } as const

describeWithOwnStack('while Postgres goes and comes back', postgresOnly, stack => {
  const asService = () => stack().postgres.url('scrim').replace('postgres:postgres@', 'gate@')

  beforeAll(async () => {
    await asRole(stack().postgres.url('scrim'), 'create role gate login')
    await migrate({ url: stack().postgres.url('scrim'), serviceRole: 'gate' })
  })

  // Backends of a server that was killed may outlive it by a moment, and a new one refuses to start beside them.
  const startAgain = () =>
    until('Postgres to start', () =>
      stack()
        .postgresProcess.start()
        .then(() => true),
    )

  const ways = ['stop', 'kill', 'freeze'] as const
  test.each(ways)('after %s under load every row is there exactly once and every seal holds', async way => {
    const database = createPool(asService(), {
      applicationName: 'load',
      statementTimeoutMs: 500,
      connectionTimeoutMs: 500,
    })
    const trail = trailOn(database)
    const codes = new Set<string>()
    let written = 0
    let isOver = false

    // As the mask stream does it: one batch of a partition after the other, each until it is durable.
    async function write(partition: number): Promise<number> {
      for (let first = 0; !isOver; first += BATCH) {
        const rows = auditRows(BATCH, { topic: `${way}.t`, partition, timestamp: 1_780_000_000_000 }, BigInt(first))
        for (let isWritten = false; !isWritten; ) {
          isWritten = await trail.write(rows).then(
            () => true,
            async error => {
              codes.add(error instanceof ScrimError ? error.code : 'foreign')
              await sleep(20)
              return false
            },
          )
        }
        written += BATCH
      }
      return 0
    }
    const writers = Array.from({ length: WRITERS }, (_, partition) => write(partition))
    const moreThan = (count: number) => until(`${count} rows`, () => written > count)

    for (let outage = 0; outage < 3; outage++) {
      await moreThan(written + 2 * BATCH)
      codes.clear()
      if (way === 'freeze') stack().postgresProcess.freeze()
      else await stack().postgresProcess[way]()
      await until('the writers to notice', () => codes.size > 0)
      if (way === 'freeze') stack().postgresProcess.thaw()
      else await startAgain()
      expect([...codes]).toEqual(['POSTGRES_UNAVAILABLE'])
    }
    await moreThan(written + 2 * BATCH)
    isOver = true
    await Promise.all(writers)

    const counted =
      'select count(*)::int as rows, count(distinct (topic_partition, topic_offset))::int as records from cdc_audit_log where topic = $1'
    expect(await database.query({ text: counted }, [`${way}.t`])).toEqual([{ rows: written, records: written }])
    const expectedHead = trail.head() ?? expect.fail('nothing was sealed')
    expect(await verifyAuditTrail({ database, key: auditKey, expectedHead })).toMatchObject({ findings: [] })
    await database.end()
  })

  test('a server that hangs is noticed by a ping and by a listener, and keeps nobody from ending', async () => {
    const quick = { applicationName: 'hang', connectionTimeoutMs: 300, listenCheckMs: 50 }
    const database = createPool(asService(), quick)
    await database.ping()
    const signal = new AbortController().signal
    let isListening = false
    const listening = database.listen('anything', () => (isListening = true), signal)
    const failed = expect(listening).rejects.toMatchObject({ code: 'POSTGRES_UNAVAILABLE' })
    await until('it to listen', () => isListening)
    stack().postgresProcess.freeze()
    try {
      await expect(database.ping()).rejects.toMatchObject({ code: 'POSTGRES_UNAVAILABLE' })
      await failed
      await database.end()
    } finally {
      stack().postgresProcess.thaw()
    }
  }, 15_000)

  test('a watch of the policies tells of what came after a restart', async () => {
    const database = createPool(asService(), { applicationName: 'watch' })
    const store = createPolicyStore({ database, pause: ms => sleep(ms / 10) })
    const stop = new AbortController()
    let calls = 0
    const watching = store.watch(() => void calls++, stop.signal)
    await until('the watch', () => calls === 1)
    await stack().postgresProcess.stop()
    await startAgain()
    await until('the watch to be back', () => calls === 2)
    await store.add(0, {
      documents: [],
      author: 'a',
      approver: null,
      reason: 'r',
      origin: 'rest',
      patch: [],
      filesDigest: null,
    })
    await until('the news', () => calls === 3)
    stop.abort()
    await watching
    await database.end()
  })
})
