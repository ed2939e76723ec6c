import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createPolicyFolder } from '../../src/adapters/policy-files/folder.ts'
import { createPolicyCache } from '../../src/adapters/policy-files/last-known-good.ts'
import { migrate } from '../../src/adapters/postgres/migrate.ts'
import { createPolicyStore } from '../../src/adapters/postgres/policy-store.ts'
import { createPool, type Database } from '../../src/adapters/postgres/pool.ts'
import { createPolicies, type Policies } from '../../src/services/policies.ts'
import { asRole } from '../adapters/postgres/migrated-database.ts'
import { aPolicy, testKeys, testSettings } from '../support/policy-documents.ts'
import { createQuietLog } from '../support/quiet-log.ts'
import { describeWithOwnStack } from '../support/stack/require-stack.ts'
import { until } from '../support/stack/until.ts'

const anna = { author: 'anna', reason: 'because', ifMatch: '*' } as const

describeWithOwnStack(
  'two instances over one Postgres',
  { brokers: 0, connect: false, secure: false, databases: ['scrim'] },
  stack => {
    const stop = new AbortController()
    const running: Promise<void>[] = []
    const pools: Database[] = []
    let folder: string
    let one: Policies
    let other: Policies

    const start = async (cache: string): Promise<Policies> => {
      const database = createPool(stack().postgres.url('scrim').replace('postgres:postgres@', 'gate@'), {
        applicationName: 'scrim test',
        connectionTimeoutMs: 500,
        statementTimeoutMs: 500,
      })
      pools.push(database)
      const policies = createPolicies({
        store: createPolicyStore({ database }),
        files: createPolicyFolder({ path: join(folder, 'policies') }),
        keys: testKeys,
        settings: testSettings,
        cache: createPolicyCache({ folder: join(folder, cache) }),
        metrics: { reload: () => undefined, policyVersion: () => undefined },
        log: createQuietLog(),
        retryMs: 200,
        refreshMs: 600_000, // what is seen here is seen by the watch
      })
      running.push(policies.run(stop.signal))
      await until('a plan', () => policies.current())
      return policies
    }
    const inForceWithin = async (policies: Policies, topic: string): Promise<number> => {
      const started = performance.now()
      await until(`${topic} in force`, () => policies.current()?.names(topic))
      return performance.now() - started
    }

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'scrim-policies-'))
      await mkdir(join(folder, 'policies'))
      await writeFile(join(folder, 'policies', 'a.json'), JSON.stringify(aPolicy('a')))
      await asRole(stack().postgres.url('scrim'), 'create role gate login')
      await migrate({ url: stack().postgres.url('scrim'), serviceRole: 'gate' })
      ;[one, other] = await Promise.all([start('one'), start('other')])
    })
    afterAll(async () => {
      stop.abort()
      await Promise.allSettled(running)
      await Promise.allSettled(pools.map(pool => pool.end()))
      await rm(folder, { recursive: true })
    })

    test('both started at once on an empty store, and the files were taken once', async () => {
      expect([one.current()?.version, other.current()?.version]).toEqual([1, 1])
      expect(await one.list(10)).toHaveLength(1)
    })

    test('a change is in force in the other within a second', async () => {
      await one.put('b', aPolicy('b'), anna)
      expect(await inForceWithin(other, 'raw.b')).toBeLessThan(1000)
    })

    test('a changed file is in force in both within two seconds', async () => {
      await other.reload({ force: true, author: 'anna', reason: 'back to the files' })
      await until('the files in force', () => one.current()?.version === 3)
      await writeFile(join(folder, 'policies', 'c.json'), JSON.stringify(aPolicy('c')))
      expect(await inForceWithin(one, 'raw.c')).toBeLessThan(2000)
      expect(await inForceWithin(other, 'raw.c')).toBeLessThan(1000)
      expect((await one.list(10)).map(({ version }) => version)).toEqual([4, 3, 2, 1])
    })

    test('while Postgres is away the plan stays, changes are refused, and a start takes the last known good', async () => {
      await stack().postgresProcess.stop()
      await writeFile(join(folder, 'policies', 'd.json'), JSON.stringify(aPolicy('d')))
      await expect(one.put('e', aPolicy('e'), anna)).rejects.toMatchObject({ code: 'POSTGRES_UNAVAILABLE' })
      expect(one.current()?.version).toBe(4)
      const started = await start('one')
      expect(started.current()?.version).toBe(4)
      expect(started.current()?.names('raw.d')).toBe(false)
      await until('it says so', () => started.status().loadedFrom === 'cache' && started.status().code !== null)

      await until('Postgres to start', () =>
        stack()
          .postgresProcess.start()
          .then(() => true),
      )
      await until('all follow the store again', () =>
        [one, other, started].every(({ status }) => status().loadedFrom === 'store' && status().code === null),
      )
      await until('the file of the outage', () =>
        [one, other, started].every(policies => policies.current()?.names('raw.d')),
      )
    })

    test('the watch hears again after the outage', async () => {
      await until('a change', () => one.put('f', aPolicy('f'), anna).then(() => true))
      expect(await inForceWithin(other, 'raw.f')).toBeLessThan(1000)
    })
  },
)
